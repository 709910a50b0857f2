import { Effect } from "effect";
import assert from "node:assert/strict";
import type { Task } from "../data/mod.ts";
import type { Judge, Problem } from "../rollout/mod.ts";
import { programAnswers } from "./program_answers.ts";

const right = "function f(a) { return a + 1; }";
const problem = (id: string, code: string | undefined): Problem => ({
  task: {
    id,
    family: id,
    statement: "",
    signature: { name: "f", parameters: [{ name: "a", type: "int" }], result: "int" },
    cases: [{ arguments: [1], result: 2 }],
    split: "held-out",
    source: "test",
    licence: "none",
  } satisfies Task,
  source: "python",
  target: "javascript",
  prompt: `translate ${id}`,
  given: "",
  references: code === undefined ? [] : [{ language: "javascript", code }],
});

/** Runs nothing: what still adds 1 passes. */
const judge = ((_task, _language, code) =>
  Effect.succeed({
    verdict: /a \+ 1;/.test(code) ? "pass" as const : "wrong-answer" as const,
    tests: [],
  })) as Judge;

const ask = (problems: readonly Problem[], edits = 8) =>
  Effect.runPromise(
    programAnswers(problems, { stop: "$", judge, seed: 0, edits, concurrency: 2 }) as Effect.Effect<
      Effect.Success<ReturnType<typeof programAnswers>>
    >,
  );

Deno.test("losers are what the tests refute: one edit, or another task's program", async () => {
  const groups = await ask([
    problem("one", right),
    problem("two", "function f(a) { return a * 3; }"),
  ]);
  const one = groups.find(({ id }) => id === "one python->javascript")!;
  assert.equal(one.prompt, "translate one");
  assert.deepEqual(one.answers.filter(({ winner }) => winner).map(({ text }) => text), [right]);
  const losers = one.answers.filter(({ winner }) => !winner);
  assert.ok(losers.every(({ text }) => !/a \+ 1;/.test(text)));
  assert.deepEqual([...new Set(losers.map(({ tier }) => tier))].sort(), ["edited", "other"]);
  // "+" -> "-", and 1 -> 2 or 0.
  assert.ok(losers.length >= 2 && losers.length <= 4);
});

Deno.test("without a program in the target language or a loser there is no question", async () => {
  assert.deepEqual(await ask([problem("one", undefined)]), []);
  assert.deepEqual(await ask([problem("one", right)], 0), []);
});

Deno.test("the same seed asks the same questions", async () => {
  const problems = [problem("one", right), problem("two", "function f(a) { return a * 3; }")];
  assert.deepEqual(await ask(problems, 1), await ask(problems, 1));
});
