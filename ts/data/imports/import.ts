import { Result } from "effect";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { DataError } from "../jsonl.ts";
import type { Program, Task } from "../schema.ts";
import { humanevalX } from "./humaneval_x.ts";
import { mapped } from "./mapped.ts";
import { mbxp } from "./mbxp.ts";

export const importFormats = ["mbxp", "humaneval-x", "jsonl"] as const;
export type ImportFormat = typeof importFormats[number];

export interface Imported {
  readonly tasks: readonly Task[];
  readonly programs: readonly Program[];
}

/** One record of a foreign file and where it stands. */
export interface Foreign {
  readonly file: string;
  readonly line: number;
  readonly record: Readonly<Record<string, unknown>>;
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

const parseForeign = (text: string, file: string): readonly Foreign[] =>
  text.split("\n").flatMap((raw, index): readonly Foreign[] => {
    if (raw.trim() === "") return [];
    const line = index + 1;
    const parsed = Result.try({ try: () => JSON.parse(raw) as unknown, catch: String });
    if (
      Result.isFailure(parsed) || typeof parsed.success !== "object" || parsed.success === null ||
      Array.isArray(parsed.success)
    ) {
      throw new DataError({ file, line, key: "", expected: "expected one JSON object a line" });
    }
    return [{ file, line, record: parsed.success as Record<string, unknown> }];
  });

/** A column that must hold text. */
export const textOf = ({ file, line, record }: Foreign, key: string): string => {
  const value = record[key];
  if (typeof value === "string") return value;
  const expected = value === undefined ? "is missing" : "expected text";
  throw new DataError({ file, line, key, expected });
};

/** A column that may be absent or null. */
export const optionalTextOf = (foreign: Foreign, key: string): string | undefined =>
  foreign.record[key] === undefined || foreign.record[key] === null
    ? undefined
    : textOf(foreign, key);
