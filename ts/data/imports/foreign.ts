import { Result } from "effect";
import { DataError } from "../jsonl.ts";

/** One record of a foreign file and where it stands. */
export interface Foreign {
  readonly file: string;
  readonly line: number;
  readonly record: Readonly<Record<string, unknown>>;
}

/** The records of a file in JSONL; blank lines are passed over. */
export const parseForeign = (text: string, file: string): readonly Foreign[] =>
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
