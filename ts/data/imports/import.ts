import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Program, Task } from "../schema.ts";
import { type Foreign, parseForeign } from "./foreign.ts";
import { humanevalX } from "./humaneval_x.ts";
import { mapped } from "./mapped.ts";
import { mbxp } from "./mbxp.ts";

export const importFormats = ["mbxp", "humaneval-x", "jsonl"] as const;
export type ImportFormat = typeof importFormats[number];

export interface Imported {
  readonly tasks: readonly Task[];
  readonly programs: readonly Program[];
}

export interface ImportOptions {
  readonly format: ImportFormat;
  /** For `jsonl`: our key -> the file's column. */
  readonly map?: Readonly<Record<string, string>>;
  readonly split?: Task["split"];
  readonly licence?: string;
  /** Languages to take; all that the files hold by default. */
  readonly languages?: readonly string[];
}

/**
 * Tasks from files of a public data set, JSONL or gzipped JSONL, one file a language where the set is laid
 * out so. Records of one task in several languages become one task with a test program for each.
 */
export const importFiles = async (
  files: readonly string[],
  options: ImportOptions,
): Promise<Imported> => {
  const records: Foreign[] = [];
  for (const file of files) {
    const bytes = await readFile(file);
    const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString(
      "utf8",
    );
    records.push(...parseForeign(text, basename(file)));
  }
  switch (options.format) {
    case "mbxp":
      return mbxp(records, options);
    case "humaneval-x":
      return humanevalX(records, options);
    case "jsonl":
      return mapped(records, options);
  }
};
