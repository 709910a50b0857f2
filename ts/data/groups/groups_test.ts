import assert from "node:assert/strict";
import { Random } from "../random.ts";
import { buildGroup, type Judges } from "./build.ts";
import { compileMembers } from "./members.ts";
import { deletions, edits } from "./mutants.ts";
import {
  findToolchain,
  levels,
  pipelines,
  ToolchainMissing,
  verifierMessage,
} from "./toolchain.ts";

const branch = `define i32 @f(i32 %0, i32 %1) {
  %3 = icmp sgt i32 %0, %1
  br i1 %3, label %4, label %6
4:
  %5 = sub nsw i32 %0, 3
  br label %8
6:
  %7 = sdiv i32 %1, 2
  br label %8
8:
  %9 = phi i32 [ %5, %4 ], [ %7, %6 ]
  ret i32 %9
}
`;

Deno.test("edits change one line each and say what", () => {
  const mutants = edits(branch, new Random(1));
  const original = branch.split("\n");
  for (const mutant of mutants) {
    const changed = mutant.ir.split("\n").filter((line, i) => line !== original[i]);
    assert.equal(changed.length, 1, mutant.edit);
  }
  const named = new Set(mutants.map((m) => m.edit));
  for (
    const edit of [
      "predicate sgt -> sge",
      "opcode sub -> add",
      "operands of sub swapped",
      "constant 3 -> 4",
      "opcode sdiv -> srem",
      "constant 2 -> 1",
    ]
  ) assert.ok(named.has(edit), edit);
  assert.equal(new Set(mutants.map((m) => m.ir)).size, mutants.length);
});

Deno.test("a deletion takes one instruction and moves later values down", () => {
  const mutant = deletions(branch, new Random(1)).find((m) => m.edit === "deleted sub");
  assert.equal(
    mutant?.ir,
    `define i32 @f(i32 %0, i32 %1) {
  %3 = icmp sgt i32 %0, %1
  br i1 %3, label %4, label %5
4:
  br label %7
5:
  %6 = sdiv i32 %1, 2
  br label %7
7:
  %8 = phi i32 [ %5, %4 ], [ %6, %5 ]
  ret i32 %8
}
`,
  );
});

const judges: Judges = {
  // A checker of this test: members that return the same last line are equal.
  check: (source, target, relation) => {
    const last = (ir: string) => /ret .*/.exec(ir)?.[0];
    return last(source) === last(target)
      ? { verdict: relation === "refines" ? "proved" : "unknown", reason: "budget" }
      : { verdict: "refuted" };
  },
  complaint: () => Promise.resolve("undefined value"),
};

Deno.test("a group without a refuted loser or a second winner is none", async () => {
  const source = { id: "g", task: "t", code: "c", function: "f", split: "train" } as const;
  const limits = { winners: 3, losers: 2, fits: () => true };
  const tally = new Map<string, number>();
  const build = (irs: readonly string[]) =>
    buildGroup(
      source,
      irs.map((ir) => ({ ir, level: "-O0" as const })),
      "clang",
      judges,
      limits,
      new Random(1),
      tally,
    );
  assert.equal(await build([branch]), undefined);
  // `unknown` to "equivalent" is final: nothing is won by asking less.
  assert.equal(await build([branch, branch.replace("sub nsw", "sub")]), undefined);
  assert.equal(tally.get("winner unknown budget"), 1);
});

const tools = await findToolchain().catch((error) => {
  if (!(error instanceof ToolchainMissing)) throw error;
  console.warn(`SKIPPED: tests of groups that need a compiler: ${error.message}`);
  return undefined;
});

Deno.test({
  name: "levels and pipelines give distinct members; the verifier rejects a deletion",
  ignore: tools === undefined,
  fn: async () => {
    assert.ok(tools);
    const sources = [
      "int f(int a, int b) {\n  if (a > b) return a - b;\n  return b + 2;\n}",
      "int f(int n) {\n  int r = 0;\n  for (int i = 0; i < n; i++) {\n    r += i;\n  }\n  return r;\n}",
    ];
    const strip = (module: string) =>
      module.split("\n").filter((line) => !/^(declare|attributes)/.test(line)).map((line) =>
        line.replace(/\s*;.*$/, "").replace(/ #\d+|dso_local |, ![\w.]+ !\d+/g, "")
      ).join("\n");
    const members = await compileMembers({ sources, functionName: "f", tools, strip });
    assert.equal(members.length, 2);
    for (const own of members) {
      assert.ok(own.length >= 4, `${own.length} members`);
      assert.equal(new Set(own.map((m) => m.ir)).size, own.length);
      for (const m of own) {
        assert.ok([...levels, ...pipelines].includes(m.level));
        assert.match(m.ir, /@f\(/);
        assert.equal(await verifierMessage(tools, m.ir), undefined, m.ir);
      }
    }
    const complaint = await verifierMessage(tools, branch.replace("  %7 = sdiv i32 %1, 2\n", ""));
    assert.match(complaint ?? "", /%8|%7|expected/);
  },
});

Deno.test("a compiler that is not there is named", async () => {
  await assert.rejects(
    findToolchain([["no-such-clang", "no-such-opt"]]),
    /no-such-clang \+ no-such-opt/,
  );
});
