import type { Imported } from "./import.ts";

/**
 * The `most` tasks that are shortest in programs and tests together, out of those that have a test program
 * in every one of `languages`; ties by id. For a handful that travels with a repository.
 */
export const selectShortest = (
  { tasks, programs }: Imported,
  most: number,
  languages: readonly string[],
): Imported => {
  const length = new Map<string, number>();
  for (const program of programs) {
    length.set(program.task, (length.get(program.task) ?? 0) + program.code.length);
  }
  const chosen = tasks
    .filter((task) =>
      length.has(task.id) && languages.every((l) => task.test_program?.[l] !== undefined)
    )
    .map((task) => ({
      task,
      size: (length.get(task.id) ?? 0) + JSON.stringify(task.test_program).length,
    }))
    .sort((a, b) => a.size - b.size || (a.task.id < b.task.id ? -1 : 1))
    .slice(0, most)
    .map(({ task }) => task);
  const ids = new Set(chosen.map((task) => task.id));
  return { tasks: chosen, programs: programs.filter((program) => ids.has(program.task)) };
};
