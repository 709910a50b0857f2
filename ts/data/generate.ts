import { Effect } from "effect";
import { writePrograms, writeTasks } from "./dataset.ts";
import type { Program, Task } from "./schema.ts";
import { type DrawOptions, drawTasks, printPrograms } from "./tasks/draw_tasks.ts";
import { drawTypedTasks, printTypedPrograms, type TypedDrawOptions } from "./typed/draw_tasks.ts";
import { verify, type VerifyOptions } from "./verify.ts";

export interface GenerateOptions extends DrawOptions, VerifyOptions {
  /** Folder that gets `tasks.jsonl` and `programs.jsonl`. */
  readonly out: string;
}

export interface Generated {
  readonly tasks: readonly Task[];
  readonly programs: readonly Program[];
  /** Programs that did not pass, each with the class of its verdict. */
  readonly failed: readonly { readonly program: Program; readonly verdict: string }[];
}

/**
 * Draws tasks, prints them in every language, runs every program in the sandbox, and writes the folder.
 * A program is marked `verified` only if it passed; one that did not is kept and reported.
 */
export const generate = Effect.fn("generate")(function* (options: GenerateOptions) {
  const drawn = drawTasks(options);
  const tasks = drawn.map(({ task }) => task);
  return yield* runAndWrite(tasks, printPrograms(drawn, options.languages), options);
});

/** The same with the typed language: strings, lists, tables, helpers and recursion, by level. */
export const generateTyped = Effect.fn("generateTyped")(function* (
  options: TypedDrawOptions & VerifyOptions & { readonly out: string },
) {
  const drawn = drawTypedTasks(options);
  const tasks = drawn.map(({ task }) => task);
  return yield* runAndWrite(tasks, printTypedPrograms(drawn, options.languages), options);
});

const runAndWrite = Effect.fnUntraced(function* (
  tasks: readonly Task[],
  printed: readonly Program[],
  options: VerifyOptions & { readonly out: string },
) {
  const judged = yield* verify(tasks, printed, options);
  const programs = judged.map(({ program }) => program);
  yield* writeTasks(options.out, tasks);
  yield* writePrograms(options.out, programs);
  return {
    tasks,
    programs,
    failed: judged.filter(({ judgement }) => judgement.verdict !== "pass").map((
      { program, judgement },
    ) => ({ program, verdict: judgement.verdict })),
  } satisfies Generated as Generated;
});
