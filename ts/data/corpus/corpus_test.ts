import assert from "node:assert/strict";
import { noveltyOf } from "../tasks/split.ts";
import { draw } from "../program/draw.ts";
import { generatorLanguages, print } from "../program/print.ts";
import { Random } from "../random.ts";
import { corpus } from "./corpus.ts";
import { splitFunctions } from "./ir_pairs.ts";
import { seedSpecialTokens } from "./prompts.ts";

const options = {
  seed: 2,
  stage: "clean",
  rows: 1500,
  ir: [{ c: "int f", ir: "define" }],
} as const;
const clean = corpus(options);

Deno.test("a corpus is a function of its options, without a repeated row", () => {
  assert.deepEqual(corpus(options), clean);
  assert.equal(new Set(clean.rows.map((r) => r.prompt + r.completion)).size, 1500);
});

Deno.test("every row is prompt and completion around known special tokens", () => {
  const known = new Set<string>(seedSpecialTokens);
  for (const row of clean.rows) {
    const tags = (row.prompt + row.completion).match(/<\|\w+\|>/g) ?? [];
    assert.equal(tags.length, 3, row.prompt);
    for (const tag of tags) assert.ok(known.has(tag), tag);
    assert.ok(row.prompt.endsWith("|>") && row.completion.endsWith("<|end|>"));
  }
});

Deno.test("clean rows have no slip; slipped rows have about as many as the rates say", () => {
  assert.equal(clean.counts["with slips"], undefined);
  const slipped = corpus({ ...options, stage: "slipped" });
  const share = (slipped.counts["with slips"] ?? 0) / 1500;
  assert.ok(share > 0.35 && share < 0.65, `${share}`);
});

Deno.test("identity pairs come early", () => {
  const same = (rows: typeof clean.rows) =>
    rows.filter((r) => {
      const [, source, target] = /^<\|(\w+)\|>[^]*<\|(\w+)\|>$/.exec(r.prompt) ?? [];
      return source === target;
    }).length;
  const first = same(clean.rows.slice(0, 750));
  assert.ok(first > 2 * same(clean.rows.slice(750)), `${first} of ${same(clean.rows)}`);
});

Deno.test("no program of a held-out family is in the corpus, and left-out languages are absent", () => {
  const text = clean.rows.map((r) => r.prompt + r.completion).join("\n");
  let heldOut = 0;
  for (let i = 0; heldOut < 100; i++) {
    const tree = draw(new Random("held-out").fork(i));
    if (noveltyOf(tree) === undefined) continue;
    heldOut++;
    for (const language of generatorLanguages) assert.ok(!text.includes(print(tree, language)));
  }
  const without = corpus({
    ...options,
    rows: 300,
    weights: { python: 8, javascript: 1, lua: 1, c: 1 },
  });
  assert.ok(!without.rows.some((r) => /<\|(php|perl)\|>/.test(r.prompt)));
  const python = without.rows.filter((r) => r.prompt.includes("<|python|>")).length;
  const lua = without.rows.filter((r) => r.prompt.includes("<|lua|>")).length;
  assert.ok(python > 3 * lua, `${python} and ${lua} of 300`);
});

Deno.test("a module is split into functions that keep what they call", () => {
  const parts = splitFunctions(
    "declare i32 @llvm.smax.i32(i32, i32) #1\n\ndefine dso_local i32 @f0(i32 %0) #0 {\n  ret i32 %0\n}\n\n" +
      "define i32 @f1(i32 %0) {\n  ret i32 1\n}\n",
  );
  assert.deepEqual([...parts.keys()], ["f0", "f1"]);
  assert.match(parts.get("f1") ?? "", /ret i32 1[^]*declare i32 @llvm\.smax/);
});
