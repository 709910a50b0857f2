import { leaks } from "../leaks.ts";
import { originOf } from "../origin.ts";
import { hash32 } from "../random.ts";
import type { Program, Task } from "../schema.ts";
import { apps } from "./apps.ts";
import { codeforces } from "./codeforces.ts";
import { exercism } from "./exercism.ts";
import type { Foreign } from "./foreign.ts";
import { humanevalX } from "./humaneval_x.ts";
import type { terms } from "./licences.ts";
import { mapped } from "./mapped.ts";
import { mbxp } from "./mbxp.ts";
import { multiplE } from "./multipl_e.ts";
import { readRecords } from "./records.ts";
import { sltrans } from "./sltrans.ts";
import { synthetic1 } from "./synthetic_1.ts";

export const importFormats = [
  "mbxp",
  "humaneval-x",
  "exercism",
  "multipl-e",
  "sltrans",
  "apps",
  "synthetic-1",
  "codeforces",
  "jsonl",
] as const satisfies readonly (keyof typeof terms)[];
export type ImportFormat = typeof importFormats[number];

export interface Imported {
  readonly tasks: readonly Task[];
  readonly programs: readonly Program[];
  /** Supervised rows, of a set that has no tests. */
  readonly rows?: readonly { readonly prompt: string; readonly completion: string }[];
}

export interface ImportOptions {
  readonly format: ImportFormat;
  /** For `jsonl`: our key -> the file's column. */
  readonly map?: Readonly<Record<string, string>>;
  readonly split?: Task["split"];
  /** Instead of `split`: the share of the problems to hold out, over 0 and under 1. */
  readonly holdOut?: number;
  readonly licence?: string;
  /** Languages to take; all that the files hold by default. */
  readonly languages?: readonly string[];
}

const readers: Readonly<
  Record<
    Exclude<ImportFormat, "exercism">,
    (records: readonly Foreign[], options: ImportOptions) => Imported
  >
> = {
  mbxp,
  "humaneval-x": humanevalX,
  "multipl-e": multiplE,
  sltrans,
  apps,
  "synthetic-1": synthetic1,
  codeforces,
  jsonl: mapped,
};

/**
 * Tasks from files of a public data set: JSONL, gzipped JSONL or Parquet, or folders of them; one file a
 * language where the set is laid out so. Records of one task in several languages become one task with a
 * test program for each. Throws a DataError that names the row, and a RangeError where the set's licence
 * or purpose forbids what is asked.
 */
export const importFiles = async (
  files: readonly string[],
  options: ImportOptions,
): Promise<Imported> => {
  const { format, split, holdOut } = options;
  if (split !== undefined && holdOut !== undefined) {
    throw new RangeError("--split and --hold-out both say the side; give one of them");
  }
  if (holdOut !== undefined && !(holdOut > 0 && holdOut < 1)) {
    throw new RangeError(
      `${holdOut} of the problems to hold out: expected a share over 0 and under 1`,
    );
  }
  const imported = format === "exercism"
    ? await exercism(files, options)
    : readers[format]((await Promise.all(files.map(readRecords))).flat(), options);
  return holdOut === undefined
    ? imported
    : { ...imported, tasks: apart(imported.tasks, imported.programs, holdOut) };
};

/**
 * The side of the split from the problem's name alone, so that every set that restates it agrees. What would be held
 * out but stands among the training problems too, under another name, is for training.
 */
const apart = (
  all: readonly Task[],
  programs: readonly Program[],
  holdOut: number,
): readonly Task[] => {
  let tasks = all.map((task): Task => {
    const drawn = hash32(`split ${originOf(task) ?? task.family}`) / 2 ** 32;
    return { ...task, split: drawn < holdOut ? "held-out" : "train" };
  });
  for (;;) {
    const restated = new Set(leaks(tasks, programs).map(({ held_out }) => held_out));
    if (restated.size === 0) return tasks;
    tasks = tasks.map((task) => restated.has(task.id) ? { ...task, split: "train" } : task);
  }
};
