import assert from "node:assert/strict";
import fc from "fast-check";
import { candidatesOf, type Example, mixture } from "./mixture.ts";

const languages = ["python", "lua", "c"];
const held = ["perl"];

/** A made-up data set: every task in every language, with lengths as programs have them. */
const candidatesFrom = (lengths: readonly number[]): Example[] =>
  lengths.flatMap((length, i) =>
    [...languages, ...held].map((language, l) => ({
      task: `t${i}`,
      language,
      tokens: length + 3 * l + (i % (l + 2)),
    }))
  );

const histogram = (examples: readonly Example[], weight: (e: Example) => number) => {
  const sums: Record<string, number> = {};
  for (const e of examples) sums[e.language] = (sums[e.language] ?? 0) + weight(e);
  return sums;
};

const data = fc.array(fc.integer({ min: 30, max: 90 }), { minLength: 120, maxLength: 160 });

Deno.test("parallel and non-parallel have the same examples and tokens in every language", () => {
  fc.assert(
    fc.property(data, fc.nat(1000), (lengths, seed) => {
      const candidates = candidatesFrom(lengths);
      const options = { languages, tasks: 12, seed };
      const parallel = mixture("parallel", candidates, options);
      const apart = mixture("non-parallel", candidates, options);
      assert.deepEqual(histogram(parallel, () => 1), histogram(apart, () => 1));
      assert.deepEqual(histogram(parallel, (e) => e.tokens), histogram(apart, (e) => e.tokens));
      assert.equal(new Set(parallel.map((e) => e.task)).size, 12);
      assert.equal(new Set(apart.map((e) => e.task)).size, 36, "every task stands in one language");
      assert.deepEqual(mixture("non-parallel", candidates, options), apart);
    }),
    { numRuns: 30 },
  );
});

Deno.test("source-only shows as many examples, all in the source, and no arm shows another language", () => {
  const candidates = candidatesFrom(Array.from({ length: 150 }, (_, i) => 30 + (7 * i) % 61));
  for (const arm of ["parallel", "non-parallel", "source-only"] as const) {
    const examples = mixture(arm, candidates, { languages, tasks: 12, seed: 1 });
    assert.equal(examples.length, 36);
    assert.ok(examples.every(({ language }) => !held.includes(language)), "leak");
    if (arm === "source-only") assert.deepEqual(histogram(examples, () => 1), { python: 36 });
  }
});

Deno.test("too few tasks are refused with the number that is needed", () => {
  const candidates = candidatesFrom(Array.from({ length: 20 }, () => 40));
  assert.throws(
    () => mixture("parallel", candidates, { languages, tasks: 12, seed: 1 }),
    /20 tasks .* need 36/,
  );
});

Deno.test("programs of held-out tasks and of unknown ones are no candidates", () => {
  const task = (id: string, split: "train" | "held-out") => ({
    id,
    family: id,
    statement: "",
    signature: { name: "f", parameters: [], result: "int" },
    cases: [{ arguments: [], result: 1 }] as const,
    split,
    source: "test",
    licence: "Apache-2.0",
  });
  const program = (id: string) => ({
    task: id,
    language: "c",
    code: "x",
    verified: true,
  });
  const candidates = candidatesOf(
    [task("a", "train"), task("b", "held-out"), task("c", "train")],
    [program("a"), program("b"), program("nobody's")],
    () => 5,
  );
  assert.deepEqual(candidates, [{ task: "a", language: "c", tokens: 5 }]);
});
