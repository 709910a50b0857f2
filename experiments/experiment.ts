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
  /** Changes of all arms, as `--set` takes them. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly arms: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** One arm with one seed, done. */
export interface Result {
  readonly experiment: string;
  readonly arm: string;
  readonly seed: number;
  readonly command: string;
  readonly device: string;
  readonly seconds: number;
  /** By name: a digit a problem, in the order of the evaluation: 1 passed, 0 failed, - not judged. */
  readonly passes: Readonly<Record<string, string>>;
  /** Target language of each problem. */
  readonly targets: readonly string[];
}

/** One arm with one seed, to do: what is asked of `calque train`, and what that is named by. */
export interface Cell {
  readonly arm: string;
  readonly seed: number;
  readonly changes: readonly string[];
  /** Of the recipe's text and of all changes: another recipe is another cell. */
  readonly hash: string;
}

export const readExperiment = (name: string): Experiment =>
  JSON.parse(readFileSync(join(root, "experiments", `${name}.json`), "utf8"));

/** All cells, seed by seed, so that every arm has a result early. */
export const cellsOf = ({ recipe, seeds, set, arms }: Experiment): readonly Cell[] => {
  const text = readFileSync(join(root, recipe), "utf8");
  return seeds.flatMap((seed) =>
    Object.entries(arms).map(([arm, own]) => {
      const changes = Object.entries({ ...set, ...own, seed })
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      const hash = createHash("sha256").update(JSON.stringify([text, changes])).digest("hex");
      return { arm, seed, changes, hash: hash.slice(0, 16) };
    })
  );
};

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
