import { Effect } from "effect";
import { availableParallelism } from "node:os";
import { Sandbox } from "../../sandbox/mod.ts";
import type { Program, Task } from "../schema.ts";
import { judgeRequest } from "../verify.ts";
import { type SourceLanguage, sourceLanguages } from "./toolchain.ts";

export interface Defined {
  readonly programs: readonly Program[];
  /** How many were left out, by why. */
  readonly left_out: Readonly<Record<string, number>>;
}

/**
 * The programs that groups may be made of. C and C++ are run on their task's tests, built so that
 * undefined behaviour ends them: a program without a meaning has no equivalents. The others' languages
 * define every run; they are run only where nobody has yet. What the tests cannot call (an example whose
 * function goes by a name of its own) is kept: its forms are compared with each other, not with the task.
 * A fault of the sandbox is no answer, and fails.
 */
export const definedPrograms = Effect.fn("definedPrograms")(
  function* (
    tasks: readonly Task[],
    programs: readonly Program[],
    wanted: readonly SourceLanguage[] = sourceLanguages,
    onProgress?: (done: number, of: number) => void,
  ) {
    const sandbox = yield* Sandbox;
    const byId = new Map(tasks.map((task) => [task.id, task]));
    const candidates = programs.filter(({ language, task }) =>
      wanted.some((name) => name === language) && byId.has(task)
    );
    const left: Record<string, number> = {};
    const leave = (why: string): readonly Program[] => {
      left[why] = (left[why] ?? 0) + 1;
      return [];
    };
    let done = 0;
    const kept = yield* Effect.forEach(
      candidates,
      Effect.fnUntraced(function* (program) {
        const { language } = program;
        onProgress?.(++done, candidates.length);
        if (program.verified && language !== "c" && language !== "cpp") return [program];
        if (!(yield* sandbox.available(language))) {
          return leave(`${language} programs that cannot be run here`);
        }
        const request = judgeRequest(byId.get(program.task)!, language, program.code);
        const { verdict, tests } = yield* sandbox.judge({ ...request, sanitize: true });
        if (verdict === "pass" || verdict === "compile-error") return [program];
        if (verdict === "infrastructure") {
          return yield* Effect.fail(
            new Error(`a program of ${program.task}: ${tests[0]?.stderr ?? "not judged"}`),
          );
        }
        return leave(`${language} programs that are wrong or undefined on their tests: ${verdict}`);
      }),
      { concurrency: availableParallelism() },
    );
    return { programs: kept.flat(), left_out: left } satisfies Defined;
  },
);
