import { Effect } from "effect";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JudgeRequest, Sandbox } from "../sandbox/mod.ts";
import { readPrograms, writePrograms } from "./dataset.ts";
import { generate } from "./generate.ts";
import { generatorLanguages } from "./program/print.ts";
import type { Program, Task } from "./schema.ts";
import { drawTasks, printPrograms } from "./tasks/draw_tasks.ts";
import { judgeRequest, verify } from "./verify.ts";

const [drawn] = drawTasks({ seed: 4, families: 2, perFamily: 1 });
assert.ok(drawn);
const task: Task = drawn.task;
const python = printPrograms([drawn], ["python"])[0] as Program;

const languages = await Effect.runPromise(
  Effect.gen(function* () {
    return yield* (yield* Sandbox).languages;
  }).pipe(Effect.provide(Sandbox.layer())),
);
const missing = generatorLanguages.filter((name) =>
  !languages.some((status) => status.language === name && status.available)
);
if (missing.length > 0) console.warn(`SKIPPED: verifying needs ${missing.join(", ")}`);

Deno.test({
  name: "generated programs pass in every language; a wrong one and an unknown task do not",
  ignore: missing.length > 0,
  fn: async () => {
    const folder = await mkdtemp(join(tmpdir(), "calque-verify-"));
    try {
      const made = await Effect.runPromise(
        generate({ seed: 4, families: 2, perFamily: 1, languages: generatorLanguages, out: folder })
          .pipe(Effect.provide(Sandbox.layer())),
      );
      assert.deepEqual(made.failed, []);
      const programs = await Effect.runPromise(readPrograms(folder));
      assert.ok(programs.length === 12 && programs.every((p) => p.verified));
      // A second call runs what has not passed: here one whose mark was taken away.
      await Effect.runPromise(
        writePrograms(folder, programs.map((p, i) => ({ ...p, verified: i !== 5 }))),
      );
      const progress: (readonly [number, number])[] = [];
      const options = { seed: 4, families: 2, perFamily: 1, languages: generatorLanguages };
      const again = await Effect.runPromise(
        generate({ ...options, out: folder, onProgress: (...counts) => progress.push(counts) })
          .pipe(Effect.provide(Sandbox.layer())),
      );
      assert.deepEqual([again.programs, progress], [made.programs, [[12, 12]]]);
      // Other tests: nothing that has passed counts.
      const other = await Effect.runPromise(
        generate({
          ...options,
          seed: 5,
          out: folder,
          onProgress: (...counts) => progress.push(counts),
        })
          .pipe(Effect.provide(Sandbox.layer())),
      );
      assert.deepEqual([other.failed, progress.length], [[], 13]);
      const judged = await Effect.runPromise(
        verify([task], [
          { ...python, code: python.code.replace(/return .*/g, "return 12345"), verified: true },
          { ...python, task: "nobody's", verified: true },
        ]).pipe(Effect.provide(Sandbox.layer())),
      );
      assert.deepEqual(judged.map((j) => [j.judgement.verdict, j.program.verified]), [
        ["wrong-answer", false],
        ["infrastructure", true],
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});

Deno.test("a task asks the sandbox in its own form", () => {
  const { cases: _, ...bare } = task;
  const form = (request: JudgeRequest) =>
    ["cases", "tests", "test_program"].filter((key) => key in request);
  assert.deepEqual(form(judgeRequest(task, "c", "")), ["cases"]);
  assert.equal(judgeRequest(task, "c", "").function, "f");
  assert.deepEqual(form(judgeRequest({ ...bare, tests: [{ stdout: "" }] }, "c", "")), ["tests"]);
  const request = judgeRequest({ ...bare, test_program: { lua: "assert(true)" } }, "lua", "");
  assert.equal(request.test_program, "assert(true)");
});
