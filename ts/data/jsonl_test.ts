import { Effect, Result } from "effect";
import fc from "fast-check";
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTasks, writeTasks } from "./dataset.ts";
import { parseJsonl } from "./jsonl.ts";
import { IrGroup, Program, Task } from "./schema.ts";

const task: Task = {
  id: "t1",
  family: "list-00000000",
  statement: "f(n): Return n.",
  signature: { name: "f", parameters: [{ name: "n", type: "int" }], result: "int" },
  cases: [{ arguments: [1], result: 1 }],
  split: "train",
  source: "test",
  licence: "Apache-2.0",
};

const failure = (text: string): string => {
  const result = parseJsonl(text, Task, "tasks.jsonl");
  assert.ok(Result.isFailure(result), "expected a DataError");
  return result.failure.message;
};

Deno.test("a fault is named by file, line and key", () => {
  const good = JSON.stringify(task);
  assert.equal(
    failure(`${good}\n\n${JSON.stringify({ ...task, familly: "x" })}`),
    'tasks.jsonl:3: key "familly": is not a known key; check its spelling',
  );
  const { id: _, ...without } = task;
  assert.equal(failure(JSON.stringify(without)), 'tasks.jsonl:1: key "id": is missing');
  assert.equal(
    failure(
      JSON.stringify({ ...task, signature: { ...task.signature, parameters: [{ name: "n" }] } }),
    ),
    'tasks.jsonl:1: key "signature.parameters.0.type": is missing',
  );
  assert.equal(
    failure(JSON.stringify({ ...task, split: "test" })),
    'tasks.jsonl:1: key "split": expected "train" | "held-out"',
  );
  assert.match(failure(`${good}\n{"id": `), /^tasks\.jsonl:2: expected one JSON object a line/);
});

Deno.test("a task has one kind of test, neither none nor two", () => {
  const { cases: _, ...none } = task;
  assert.match(failure(JSON.stringify(none)), /exactly one of "cases", "tests" and "test_program"/);
  assert.match(
    failure(JSON.stringify({ ...task, tests: [{ stdout: "" }] })),
    /exactly one of "cases", "tests" and "test_program"/,
  );
});

Deno.test("whatever text comes, a reader answers rows or a DataError, and never throws", () => {
  const line = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({
      task: fc.string(),
      language: fc.string(),
      code: fc.anything(),
      verified: fc.boolean(),
    })
      .map((value) => JSON.stringify(value) ?? ""),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      for (const schema of [Task, Program, IrGroup]) {
        const result = parseJsonl(lines.join("\n"), schema, "x.jsonl");
        if (Result.isFailure(result)) assert.equal(result.failure._tag, "DataError");
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});

Deno.test("what is written is read back, duplicates are refused, and nothing half-written stays", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-data-"));
  try {
    await Effect.runPromise(writeTasks(folder, [task]));
    assert.deepEqual(await Effect.runPromise(readTasks(folder)), [task]);
    assert.deepEqual(await readdir(folder), ["tasks.jsonl"]);
    await Effect.runPromise(writeTasks(folder, [task, task]));
    await assert.rejects(
      Effect.runPromise(readTasks(folder)),
      /tasks\.jsonl:2: .*"t1" occurs twice/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
