import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type DrawnTask,
  drawTasks,
  type Fault,
  faultOf,
  type GeneratorLanguage,
} from "../ts/data/mod.ts";

/** Names the fault of a failed program of a folder of generated tasks, whose trees are drawn once more. */
export const faultsOf = (
  folder: string,
): (task: string, language: GeneratorLanguage, code: string) => Fault => {
  const trees = new Map(drawAgain(folder).map(({ task, tree }) => [task.id, tree]));
  return (task, language, code) => faultOf(trees.get(task)!, language, code);
};

const drawAgain = (folder: string): readonly DrawnTask[] => {
  const tasks: readonly DrawnTask["task"][] = readFileSync(join(folder, "tasks.jsonl"), "utf8")
    .trimEnd().split("\n").map((line) => JSON.parse(line));
  const seed = Number(/^generated, seed (\d+)$/.exec(tasks[0]!.source)?.[1]);
  const families = new Set(tasks.map(({ family }) => family)).size;
  const drawn = drawTasks({ seed, families, perFamily: tasks.length / families });
  const differs = tasks.find(({ id, statement }, i) =>
    drawn[i]?.task.id !== id || drawn[i].task.statement !== statement
  );
  if (differs !== undefined) {
    throw new Error(`${folder}: ${differs.id} is not what \`data generate --seed ${seed}\` draws`);
  }
  return drawn;
};
