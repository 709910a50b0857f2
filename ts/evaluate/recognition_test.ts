import { Effect } from "effect";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Engine } from "../model/mod.ts";
import { irAnswers, type Likelihood, likelihoods, tokenizeAnswers } from "./answers.ts";
import { recognition, recognitionTable } from "./recognition.ts";
import type { Tokenizer } from "../wasm/mod.ts";

const member = (logprob: number, winner: boolean, tier?: string): Likelihood => ({
  logprob,
  tokens: 10,
  winner,
  ...(tier === undefined ? {} : { tier }),
});

Deno.test("pairs of a group are counted, per tier, before and after", () => {
  const before = [[member(-10, true), member(-20, true), member(-15, false, "edited")]];
  const after = [[member(-5, true), member(-9, true), member(-20, false, "edited")]];
  const found = recognition(after, before);
  assert.equal(found.tiers["all"]!.pairs, 2);
  assert.equal(found.tiers["edited"]!.likelihood_before!.value, 0.5);
  assert.equal(found.tiers["edited"]!.likelihood_after.value, 1);
  assert.equal(found.tiers["edited"]!.rhat!.value, 1);
  // Winners' log-ratios are 5 and 11: deviation 3; per token after, -0.5 and -0.9: 0.2.
  assert.ok(Math.abs(found.spread.rhat!.value - 3) < 1e-12);
  assert.ok(Math.abs(found.spread.likelihood_after!.value - 0.2) < 1e-12);
});

Deno.test("a model that training did not change recognises nothing: rhat ties at one half", () => {
  const side = [[member(-10, true), member(-12, false, "edited"), member(-9, false, "ill-formed")]];
  const { tiers, spread } = recognition(side, side);
  for (const tier of Object.values(tiers)) assert.equal(tier.rhat!.value, 0.5);
  assert.equal(spread.rhat, null);
});

Deno.test("swapping winners and losers mirrors every share", () => {
  const groups = fc.array(
    fc.array(
      fc.record({
        logprob: fc.double({ min: -50, max: 0, noNaN: true }),
        winner: fc.boolean(),
      }).map(({ logprob, winner }) => member(logprob, winner, "edited")),
      { minLength: 2, maxLength: 6 },
    ).filter((group) => new Set(group.map(({ winner }) => winner)).size === 2),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(groups, (all) => {
      const { value, low, high } = recognition(all, undefined).tiers["all"]!.likelihood_after;
      const other = all.map((group) => group.map((one) => ({ ...one, winner: !one.winner })));
      const mirrored = recognition(other, undefined).tiers["all"]!.likelihood_after;
      assert.ok(Math.abs(value + mirrored.value - 1) < 1e-12);
      assert.ok(0 <= low && low <= value && value <= high && high <= 1);
    }),
    { numRuns: 40 },
  );
});

/** A tokenizer of characters, and a model that finds a token the likelier the smaller it is. */
const characters = {
  encode: (text: string) => Uint32Array.from(text, (c) => c.charCodeAt(0)),
} as unknown as Tokenizer;
const engine = {
  logProbs: (rows: readonly Uint32Array[]) =>
    Promise.resolve(rows.map((row) => Float32Array.from(row, (id, t) => t === 0 ? 0 : -id / 128))),
} as unknown as Engine;

const group = (id: string, split: "train" | "held-out") => ({
  id,
  source: "int f(void);",
  language: "c",
  function: "f",
  split,
  winners: [{ ir: "aa", compiler: "clang", level: "-O0" }, {
    ir: "a".repeat(99),
    compiler: "clang",
    level: "-O2",
  }] as const,
  losers: [{ ir: "zz", tier: "edited" as const, evidence: "refuted" }],
});

Deno.test("only held-out groups are asked, the prompt does not count, and what is too long is left out", async () => {
  const texts = irAnswers([group("one", "train"), group("two", "held-out")], {
    template: "<{source}>{code}",
    stop: "$",
  });
  assert.deepEqual(texts.map(({ id, prompt }) => [id, prompt]), [["two", "<c>int f(void);"]]);
  const asked = tokenizeAnswers(texts, characters, 40);
  assert.deepEqual(asked[0]!.answers.map(({ winner }) => winner), [true, false]);
  const [scored] = await Effect.runPromise(likelihoods(engine, asked));
  assert.equal(scored![0]!.tokens, 3);
  assert.ok(Math.abs(scored![0]!.logprob + (97 + 97 + 36) / 128) < 1e-5);
  const table = recognitionTable(recognition([scored!], undefined));
  assert.match(table, /^all +1 +100\.0 \[/m);
  assert.deepEqual(tokenizeAnswers(texts, characters, 10), []);
});
