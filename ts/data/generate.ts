import { Effect } from "effect";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readPrograms, readTasks, writePrograms, writeTasks } from "./dataset.ts";
import type { Program, Task } from "./schema.ts";
import { Random } from "./random.ts";
import { type DrawOptions, drawTasks, printPrograms } from "./tasks/draw_tasks.ts";
import { drawTypedTasks, printTypedPrograms, type TypedDrawOptions } from "./typed/draw_tasks.ts";
import { verify, type VerifyOptions } from "./verify.ts";

export interface GenerateOptions extends DrawOptions, VerifyOptions {
  /** Folder that gets `tasks.jsonl` and `programs.jsonl`. */
  readonly out: string;
  /** Plants slips in the programs, as in the seed model's corpus: about half of them fail then. */
  readonly slips?: boolean;
}

export interface Generated {
  readonly tasks: readonly Task[];
  readonly programs: readonly Program[];
  /** Programs that did not pass, each with the class of its verdict. */
  readonly failed: readonly { readonly program: Program; readonly verdict: string }[];
}

/**
 * Draws tasks, prints them in every language, runs every program in the sandbox, and writes the folder.
 * A program is marked `verified` only if it passed; one that did not is kept and reported. The folder is written
 * as the work goes on, and a second call runs only what has not passed yet.
 */
export const generate = Effect.fn("generate")(function* (options: GenerateOptions) {
  const drawn = drawTasks(options);
  const tasks = drawn.map(({ task }) => task);
  const slips = options.slips === true ? new Random(options.seed).fork("slips") : undefined;
  return yield* runAndWrite(tasks, printPrograms(drawn, options.languages, slips), options);
});

/** The same with the typed language: strings, lists, tables, helpers and recursion, by level. */
export const generateTyped = Effect.fn("generateTyped")(function* (
  options: TypedDrawOptions & VerifyOptions & { readonly out: string },
) {
  const drawn = drawTypedTasks(options);
  const tasks = drawn.map(({ task }) => task);
  return yield* runAndWrite(tasks, printTypedPrograms(drawn, options.languages), options);
});

/** Programs run between two writings: what is lost where the work is broken off. */
const PORTION = 200;

const runAndWrite = Effect.fnUntraced(function* (
  tasks: readonly Task[],
  printed: readonly Program[],
  options: VerifyOptions & { readonly out: string },
) {
  const passed = yield* passedBefore(options.out, tasks);
  let programs = printed.map((program) => ({
    ...program,
    verified: passed.get(keyOf(program)) === program.code,
  }));
  const open = programs.filter(({ verified }) => !verified);
  const before = programs.length - open.length;
  const failed: Generated["failed"][number][] = [];
  // The marks first: under other tests they would say what never was.
  yield* writePrograms(options.out, programs);
  yield* writeTasks(options.out, tasks);
  for (let first = 0; first < open.length; first += PORTION) {
    const judged = yield* verify(tasks, open.slice(first, first + PORTION), {
      ...options,
      onProgress: (done) => options.onProgress?.(before + first + done, programs.length),
    });
    const ran = new Map(judged.map(({ program }) => [keyOf(program), program]));
    programs = programs.map((program) => ran.get(keyOf(program)) ?? program);
    yield* writePrograms(options.out, programs);
    for (const { program, judgement: { verdict } } of judged) {
      if (verdict !== "pass") failed.push({ program, verdict });
    }
  }
  return { tasks, programs, failed } satisfies Generated as Generated;
});

/** Programs of the folder that passed the very tests that are drawn now: generating goes on where it stopped. */
const passedBefore = Effect.fnUntraced(function* (folder: string, tasks: readonly Task[]) {
  if (!existsSync(join(folder, "tasks.jsonl"))) return new Map<string, string>();
  const known = new Map((yield* readTasks(folder)).map((task) => [task.id, testsOf(task)]));
  const same = new Set(
    tasks.filter((task) => known.get(task.id) === testsOf(task)).map(({ id }) => id),
  );
  return new Map(
    (yield* readPrograms(folder)).flatMap((program) =>
      program.verified && same.has(program.task) ? [[keyOf(program), program.code]] : []
    ),
  );
});

const keyOf = ({ task, language }: Program): string => `${language} ${task}`;
const testsOf = ({ signature: { name }, cases }: Task): string => JSON.stringify([name, cases]);
