import { Effect } from "effect";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DataError, readJsonl, writeJsonl } from "./jsonl.ts";
import { IrGroup, Program, Task } from "./schema.ts";

/** `tasks.jsonl` of a data folder; ids are unique. */
export const readTasks = Effect.fn("readTasks")(function* (folder: string) {
  const file = join(folder, "tasks.jsonl");
  const tasks = yield* readJsonl(file, Task);
  yield* unique(file, tasks.map((task) => task.id));
  return tasks;
});

/** `programs.jsonl` of a data folder; at most one program a task and language. */
export const readPrograms = Effect.fn("readPrograms")(function* (folder: string) {
  const file = join(folder, "programs.jsonl");
  const programs = yield* readJsonl(file, Program);
  yield* unique(file, programs.map((program) => `${program.task} ${program.language}`));
  return programs;
});

/** A file of IR groups; ids are unique, and every winner after the first was proved. */
export const readGroups = Effect.fn("readGroups")(function* (file: string) {
  const groups = yield* readJsonl(file, IrGroup);
  yield* unique(file, groups.map((group) => group.id));
  for (const [row, group] of groups.entries()) {
    const index = group.winners.findIndex((w, i) => i > 0 && w.proof?.["verdict"] !== "proved");
    if (index > 0) {
      return yield* new DataError({
        file,
        line: row + 1,
        key: `winners.${index}.proof.verdict`,
        expected: 'expected "proved": only proved pairs are winners',
      });
    }
  }
  return groups;
});

export const writeTasks = (
  folder: string,
  tasks: readonly Task[],
): Effect.Effect<void, DataError> => write(folder, "tasks.jsonl", tasks);

export const writePrograms = (
  folder: string,
  programs: readonly Program[],
): Effect.Effect<void, DataError> => write(folder, "programs.jsonl", programs);

export const writeGroups = (
  file: string,
  groups: readonly IrGroup[],
): Effect.Effect<void, DataError> => writeJsonl(file, groups);

const write = Effect.fn("writeDataset")(
  function* (folder: string, name: string, rows: readonly unknown[]) {
    yield* Effect.tryPromise({
      try: () => mkdir(folder, { recursive: true }),
      catch: (error) =>
        new DataError({
          file: folder,
          line: 0,
          key: "",
          expected: `expected a folder that can be made; ${(error as Error).message}`,
        }),
    });
    yield* writeJsonl(join(folder, name), rows);
  },
);

const unique = (file: string, keys: readonly string[]): Effect.Effect<void, DataError> => {
  const seen = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (seen.has(key)) {
      return new DataError({
        file,
        line: index + 1,
        key: "",
        expected: `expected one line for each of its kind; "${key}" occurs twice`,
      });
    }
    seen.add(key);
  }
  return Effect.void;
};
