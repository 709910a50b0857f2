import type { GeneratorLanguage } from "../program/print.ts";
import { print } from "../program/print.ts";
import { printSlipped } from "../program/slips.ts";
import { draw, redraw } from "../program/draw.ts";
import { statementOf } from "../program/statement.ts";
import { family } from "../program/tree.ts";
import type { Tree } from "../program/tree.ts";
import { Random } from "../random.ts";
import type { Program, Task } from "../schema.ts";
import { drawCases } from "./cases.ts";
import { noveltyOf } from "./split.ts";

export interface DrawOptions {
  readonly seed: number;
  /** Number of families; one in five is held out, half of those by combination, half by tree. */
  readonly families: number;
  /** Tasks of each family, with other constants. */
  readonly perFamily: number;
  readonly languages: readonly GeneratorLanguage[];
}

export interface DrawnTask {
  readonly tree: Tree;
  readonly task: Task;
}

/** Draws tasks until every quota is filled; the same options give the same tasks, in the same order. */
export const drawTasks = (options: Omit<DrawOptions, "languages">): readonly DrawnTask[] => {
  const random = new Random(options.seed).fork("tasks");
  const heldOut = Math.max(Math.min(2, options.families - 1), Math.round(options.families / 5));
  const left = {
    train: options.families - heldOut,
    tree: Math.floor(heldOut / 2),
    combination: Math.ceil(heldOut / 2),
  };
  const seen = new Set<string>();
  const drawn: DrawnTask[] = [];
  const attempts = 2_000 + 200 * options.families;
  for (let i = 0; i < attempts && left.train + left.tree + left.combination > 0; i++) {
    const stream = random.fork(i);
    const tree = draw(stream);
    const name = family(tree);
    const novelty = noveltyOf(tree);
    if (seen.has(name) || left[novelty ?? "train"] === 0) continue;
    const tasks = instances(tree, options.perFamily, stream);
    if (tasks === undefined) continue;
    seen.add(name);
    left[novelty ?? "train"]--;
    for (const [index, { tree, cases }] of tasks.entries()) {
      drawn.push({
        tree,
        task: {
          id: `${name}-${index}`,
          family: name,
          statement: statementOf(tree),
          signature: { name: tree.name, parameters: tree.parameters, result: "int" },
          cases: cases as unknown as NonNullable<Task["cases"]>,
          split: novelty === undefined ? "train" : "held-out",
          ...(novelty === undefined ? {} : { novelty }),
          source: `generated, seed ${options.seed}`,
          licence: "Apache-2.0",
        },
      });
    }
  }
  const missing = left.train + left.tree + left.combination;
  if (missing > 0) {
    throw new RangeError(
      `asked for ${options.families} families, found ${
        options.families - missing
      } in ${attempts} draws: ` +
        `ask for fewer`,
    );
  }
  return drawn;
};

/** The programs of drawn tasks, not yet run; where `slips` is given, with slips that it draws. */
export const printPrograms = (
  drawn: readonly DrawnTask[],
  languages: readonly GeneratorLanguage[],
  slips?: Random,
): readonly Program[] =>
  drawn.flatMap(({ tree, task }) =>
    languages.map((language) => ({
      task: task.id,
      language,
      code: slips === undefined
        ? print(tree, language)
        : slipped(tree, language, slips.fork(task.id, language)),
      verified: false,
    }))
  );

/** A slip that makes a right program of the other side of the split is not made. */
const slipped = (tree: Tree, language: GeneratorLanguage, random: Random): string => {
  const { read, code } = printSlipped(tree, language, random);
  return noveltyOf(read) === noveltyOf(tree) ? code : print(tree, language);
};

const instances = (tree: Tree, count: number, random: Random) => {
  const found: {
    readonly tree: Tree;
    readonly cases: NonNullable<ReturnType<typeof drawCases>>;
  }[] = [];
  const statements = new Set<string>();
  for (let i = 0; found.length < count && i < 10 * count; i++) {
    const instance = i === 0 ? tree : redraw(tree, random);
    const statement = statementOf(instance);
    if (statements.has(statement)) continue;
    statements.add(statement);
    const cases = drawCases(instance, random);
    if (cases !== undefined) found.push({ tree: instance, cases });
  }
  return found.length === 0 ? undefined : found;
};
