import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Recognition } from "../ts/evaluate/mod.ts";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** What is compared: one recipe, changed by every arm, once for every seed. */
export interface Experiment {
  readonly title: string;
  readonly recipe: string;
  /** The arm that the others are compared with. */
  readonly baseline: string;
  readonly seeds: readonly number[];
  /**
   * What all arms stand on, made once, in order: words of `calque`. `{seed}` stands for the seed here and in
   * `set`.
   */
  readonly prepare: readonly string[];
  /** Target languages that are reported apart, by name; all together where there are none. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Changes of all arms, as `--set` takes them. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly arms: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** What trained models are asked besides, by name: flags of `calque evaluate`. */
  readonly then?: Readonly<Record<string, string>>;
}

/** What became of a problem: passed, not judged, or failed, and then by which fault (`faultOf` of ts/data). */
export const outcomes = {
  pass: "1",
  "not judged": "-",
  reading: "r",
  printing: "p",
  both: "b",
  other: "0",
} as const;

/** What all runs of an experiment are evaluated on; a run's letters stand in this order. */
export interface Problems {
  readonly tasks: readonly string[];
  readonly targets: readonly string[];
}

/** One arm with one seed, done. */
export interface Result {
  readonly experiment: string;
  readonly arm: string;
  readonly seed: number;
  readonly command: string;
  readonly device: string;
  readonly seconds: number;
  /**
   * By name, as `greedy before`, `sampled step 8` (steps of the last stage; 0 is its start) or one of `then`: a letter
   * of `outcomes` a problem. Where fewer were asked, they are the first.
   */
  readonly outcomes: Readonly<Record<string, string>>;
  /** Of IR groups, where `then` asks for it, after training. */
  readonly recognition?: Recognition;
}

/** A result beside the problems that its letters are of. */
export type Finished = Result & Problems;

/** One arm with one seed, to do: what is asked of `calque train`, and what that is named by. */
export interface Cell {
  readonly arm: string;
  readonly seed: number;
  readonly changes: readonly string[];
  /** Of the recipe, however it is laid out, its IR groups and all changes: another recipe is another cell. */
  readonly hash: string;
}

export const readExperiment = (name: string): Experiment =>
  JSON.parse(readFileSync(join(root, "experiments", `${name}.json`), "utf8"));

/**
 * All cells, seed by seed, so that every arm has a result early. What a seed's arms have in common, the measure of the
 * model before training, the baseline takes, which is the first of them.
 */
export const cellsOf = (experiment: Experiment): readonly Cell[] => {
  const { recipe, seeds, set, baseline } = experiment;
  const { [baseline]: first, ...others } = experiment.arms;
  const text = readFileSync(join(root, recipe), "utf8");
  const groups = [...text.matchAll(/"([^"]+\.jsonl)"/g)]
    .map(([, file]) => readFileSync(join(root, file!), "utf8"));
  return seeds.flatMap((seed) => {
    const base = preparationsOf(experiment, seed).map(({ hash }) => hash);
    return Object.entries({ [baseline]: first, ...others }).map(([arm, own]) => {
      const shared = arm === baseline ? {} : { "evaluate.before": false };
      const changes = Object.entries({ ...set, ...own, ...shared, seed })
        .map(([key, value]) => forSeed(`${key}=${JSON.stringify(value)}`, seed));
      const all = [JSON.parse(text), groups, changes, base, experiment.then];
      return { arm, seed, changes, hash: hashOf(all) };
    });
  });
};

/** What a seed's arms stand on, each named by all that it stands on itself. */
export const preparationsOf = (
  { prepare }: Experiment,
  seed: number,
): readonly { readonly words: readonly string[]; readonly hash: string }[] => {
  const earlier: string[] = [];
  return prepare.map((command) => {
    const words = forSeed(command, seed).split(" ");
    const recipes = words.filter((word) => word.endsWith(".json"))
      .map((file) => JSON.parse(readFileSync(join(root, file), "utf8")));
    const hash = hashOf([words, recipes, ...earlier]);
    earlier.push(hash);
    return { words, hash };
  });
};

const hashOf = (all: unknown): string =>
  createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);

const forSeed = (text: string, seed: number): string => text.replaceAll("{seed}", String(seed));

const folderOf = (name: string) => join(root, "docs", "results", name);

export const fileOf = (name: string, cell: Cell): string =>
  join(folderOf(name), `${cell.hash}.json`);

/** The results that belong to the experiment as it is now. */
export const readResults = (name: string, cells: readonly Cell[]): readonly Finished[] => {
  if (!existsSync(folderOf(name))) return [];
  const there = new Set(readdirSync(folderOf(name)));
  const found = cells.filter(({ hash }) => there.has(`${hash}.json`));
  if (found.length === 0) return [];
  const problems: Problems = JSON.parse(readFileSync(problemsFile(name), "utf8"));
  return found.map((cell) => ({
    ...JSON.parse(readFileSync(fileOf(name, cell), "utf8")),
    ...problems,
  }));
};

const problemsFile = (name: string): string => join(folderOf(name), "problems.json");

/** Throws an Error if the results that are there (`others`) are of other problems. */
export const writeResult = (
  name: string,
  cell: Cell,
  { tasks, targets, ...result }: Finished,
  others: readonly Finished[],
): void => {
  const file = problemsFile(name);
  const problems = `${JSON.stringify({ tasks, targets })}\n`;
  if (others.length === 0) write(file, problems);
  else if (readFileSync(file, "utf8") !== problems) {
    throw new Error(`${file}: ${cell.arm}, seed ${cell.seed}, was asked other problems`);
  }
  write(fileOf(name, cell), `${JSON.stringify(result)}\n`);
};

const write = (file: string, text: string): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, text, { flush: true });
  renameSync(`${file}.part`, file);
};
