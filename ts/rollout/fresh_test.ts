import { Effect, type Schema } from "effect";
import fc from "fast-check";
import assert from "node:assert/strict";
import { Random, type Task } from "../data/mod.ts";
import { Sandbox } from "../sandbox/mod.ts";
import { drawLike } from "./draw_like.ts";
import { freshCases } from "./fresh.ts";
import { locally, rememberingJudge } from "./judge.ts";
import { Problems } from "./problem.ts";

const task: Task = {
  id: "halves",
  family: "halves",
  statement: "the whole part of half of a, plus the sum of xs",
  signature: {
    name: "f",
    parameters: [{ name: "a", type: "int" }, { name: "xs", type: "list<int>" }],
    result: "int",
  },
  cases: [
    { arguments: [-8, [1, 2]], result: -1 },
    { arguments: [40, []], result: 20 },
    { arguments: [6, [5, -5, 9]], result: 12 },
  ],
  split: "train",
  source: "test",
  licence: "Apache-2.0",
};
const python = "def f(a, xs):\n    return int(a / 2) + sum(xs)";
const javascript =
  "function f(a, xs) { return Math.trunc(a / 2) + xs.reduce((s, x) => s + x, 0); }";
const floored = "function f(a, xs) { return Math.floor(a / 2) + xs.reduce((s, x) => s + x, 0); }";
const table = "function f(a, xs)\n  return ({[-8] = -1, [40] = 20, [6] = 12})[a]\nend";

const problem = (programs: Record<string, string>) =>
  new Problems(
    [task],
    Object.entries(programs).map(([language, code]) => ({
      task: task.id,
      language,
      code,
      verified: true,
    })),
    {
      kind: "translation",
      sources: ["python"],
      targets: ["javascript"],
      prompts: { translation: "{code}", generation: "", verification: "" },
    },
  ).ask(task, ["python", "javascript"]);

const fresh = (programs: Record<string, string>, seed = 1) =>
  freshCases(locally, 4, new Random(seed))(problem(programs));

const run = <A>(effect: Effect.Effect<A, never, Sandbox>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, Sandbox.layer()));

Deno.test("new tests are answered by the right programs, and a table of answers does not pass them", () =>
  run(Effect.gen(function* () {
    const cases = yield* fresh({ python, javascript });
    assert.equal(cases.length, 4);
    for (const { arguments: [a, xs], result } of cases) {
      const sum = (xs as number[]).reduce((s, x) => s + x, 0);
      assert.equal(result, Math.trunc(a as number / 2) + sum);
    }
    assert.deepEqual(yield* fresh({ python, javascript }), cases, "a function of the seed");
    assert.notDeepEqual(yield* fresh({ python, javascript }, 2), cases);
    const judge = rememberingJudge();
    const again: Task = { ...task, cases: [cases[0]!, ...cases.slice(1)] };
    assert.equal((yield* judge(task, "lua", table)).verdict, "pass");
    assert.equal((yield* judge(again, "lua", table)).verdict, "wrong-answer");
    assert.equal((yield* judge(again, "javascript", javascript)).verdict, "pass");
  })));

Deno.test("where right programs differ or fail there is no new test", () =>
  run(Effect.gen(function* () {
    for (const seed of [1, 2, 3]) {
      for (const { arguments: [a] } of yield* fresh({ python, javascript: floored }, seed)) {
        assert.ok((a as number) >= 0 || (a as number) % 2 === 0, `${a} has two halves`);
      }
    }
    assert.deepEqual(yield* fresh({ python, javascript: "function f() { throw 1; }" }), []);
  })));

Deno.test("a value drawn like others is of their kind and span", () => {
  const kinds: readonly fc.Arbitrary<Schema.Json>[] = [
    fc.integer({ min: -99, max: 99 }),
    fc.boolean(),
    fc.string(),
    fc.array(fc.array(fc.string())),
    fc.oneof(fc.double({ noNaN: true }), fc.constant(null), fc.dictionary(fc.string(), fc.nat())),
  ];
  fc.assert(fc.property(
    fc.oneof(...kinds.map((kind) => fc.array(kind, { minLength: 1 }))),
    fc.nat(),
    (values, seed) => {
      const drawn = drawLike(values, new Random(seed));
      if (values.every((value) => typeof value === "number" && Number.isInteger(value))) {
        assert.ok(Number.isInteger(drawn));
        const numbers = values as number[];
        assert.ok(drawn as number >= Math.min(...numbers));
        assert.ok(drawn as number <= Math.max(...numbers));
      } else if (values.every((value) => typeof value === "string")) {
        const known = new Set(values.flatMap((value) => [...value as string]));
        assert.ok([...drawn as string].every((character) => known.has(character)));
      } else {
        assert.ok(values.some((value) => typeof value === typeof drawn));
        assert.ok(values.some((value) => Array.isArray(value) === Array.isArray(drawn)));
      }
    },
  ));
});
