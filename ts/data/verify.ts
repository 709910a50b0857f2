import { Effect } from "effect";
import { availableParallelism } from "node:os";
import { languages, Sandbox } from "../sandbox/mod.ts";
import type { Judgement, JudgeRequest } from "../sandbox/mod.ts";
import type { Program, Task } from "./schema.ts";
import { respell } from "./spelling.ts";

export interface Verified {
  readonly program: Program;
  readonly judgement: Judgement;
}

export interface VerifyOptions {
  /** Programs judged at once; default: the machine's processors. */
  readonly concurrency?: number;
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Runs every program against its task's tests; `verified` is then true exactly for those that passed.
 * A program whose run met an infrastructure fault keeps the mark it had: the fault says nothing of it.
 */
export const verify = Effect.fn("verify")(
  function* (
    tasks: readonly Task[],
    programs: readonly Program[],
    options: VerifyOptions = {},
  ) {
    const sandbox = yield* Sandbox;
    const byId = new Map(tasks.map((task) => [task.id, task]));
    let done = 0;
    return yield* Effect.forEach(
      programs,
      Effect.fnUntraced(function* (program) {
        const task = byId.get(program.task);
        const judgement: Judgement = task === undefined
          ? { verdict: "infrastructure", tests: [] }
          : yield* sandbox.judge(judgeRequest(task, program.language, program.code));
        options.onProgress?.(++done, programs.length);
        const verified = judgement.verdict === "infrastructure"
          ? program.verified
          : judgement.verdict === "pass";
        return { program: { ...program, verified }, judgement } satisfies Verified;
      }),
      { concurrency: options.concurrency ?? availableParallelism() },
    );
  },
);

/** What the sandbox is asked about a program of a task, whichever kind of tests the task has. */
export const judgeRequest = (task: Task, language: string, code: string): JudgeRequest => {
  const base = { language, code, stop_at_first: true };
  if (task.cases !== undefined) {
    const spelling = languages.get(language)?.spelling ?? "snake_case";
    return { ...base, function: respell(task.signature.name, spelling), cases: task.cases };
  }
  if (task.tests !== undefined) return { ...base, tests: task.tests };
  return { ...base, test_program: task.test_program?.[language] ?? "" };
};
