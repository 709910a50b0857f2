import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** What is compared: one recipe, changed by every arm, once for every seed. */
export interface Experiment {
  readonly title: string;
  readonly recipe: string;
  /** The arm that the others are compared with. */
  readonly baseline: string;
  readonly seeds: readonly number[];
  /** What all arms stand on, made once, in order. `{seed}` stands for the seed here and in `set`. */
  readonly prepare?: readonly Preparation[];
  /** Target languages that are reported apart, by name; all together where there are none. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Changes of all arms, as `--set` takes them. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly arms: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A command of `calque` and the last file that it writes: where that is, it has been done. */
export interface Preparation {
  readonly makes: string;
  readonly command: readonly string[];
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

/** One arm with one seed, done. */
export interface Result {
  readonly experiment: string;
  readonly arm: string;
  readonly seed: number;
  readonly command: string;
  readonly device: string;
  readonly seconds: number;
  /**
   * By name, as `greedy before` or `sampled step 8`: a letter of `outcomes` a problem, in the order of the
   * evaluation.
   */
  readonly outcomes: Readonly<Record<string, string>>;
  /** Target language of each problem. */
  readonly targets: readonly string[];
}

/** One arm with one seed, to do: what is asked of `calque train`, and what that is named by. */
export interface Cell {
  readonly arm: string;
  readonly seed: number;
  readonly changes: readonly string[];
  /** Of the recipe's text, its IR groups and of all changes: another recipe is another cell. */
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
    const base = preparationsOf(experiment, seed).map(({ command }) => [
      command,
      ...command.filter((word) => word.endsWith(".json"))
        .map((file) => readFileSync(join(root, file), "utf8")),
    ]);
    return Object.entries({ [baseline]: first, ...others }).map(([arm, own]) => {
      const shared = arm === baseline ? {} : { "evaluate.before": false };
      const changes = Object.entries({ ...set, ...own, ...shared, seed })
        .map(([key, value]) => forSeed(`${key}=${JSON.stringify(value)}`, seed));
      const all = [text, groups, changes, base];
      const hash = createHash("sha256").update(JSON.stringify(all)).digest("hex");
      return { arm, seed, changes, hash: hash.slice(0, 16) };
    });
  });
};

/** What a seed's arms stand on. */
export const preparationsOf = (
  { prepare = [] }: Experiment,
  seed: number,
): readonly Preparation[] =>
  prepare.map(({ makes, command }) => ({
    makes: forSeed(makes, seed),
    command: command.map((word) => forSeed(word, seed)),
  }));

const forSeed = (text: string, seed: number): string => text.replaceAll("{seed}", String(seed));

const folderOf = (name: string) => join(root, "docs", "results", name);

export const fileOf = (name: string, cell: Cell): string =>
  join(folderOf(name), `${cell.hash}.json`);

/** The results that belong to the experiment as it is now. */
export const readResults = (name: string, cells: readonly Cell[]): readonly Result[] => {
  if (!existsSync(folderOf(name))) return [];
  const there = new Set(readdirSync(folderOf(name)));
  return cells.filter(({ hash }) => there.has(`${hash}.json`))
    .map((cell) => JSON.parse(readFileSync(fileOf(name, cell), "utf8")));
};

export const writeResult = (name: string, cell: Cell, result: Result): void => {
  mkdirSync(folderOf(name), { recursive: true });
  const file = fileOf(name, cell);
  writeFileSync(`${file}.part`, `${JSON.stringify(result)}\n`, { flush: true });
  renameSync(`${file}.part`, file);
};
