import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";

export type Row = Readonly<Record<string, unknown>>;

/** The rows of a run's JSONL file; none where the file is absent. A torn last line is left out. */
export const readRows = async (file: string): Promise<Row[]> => {
  const text = await readFile(file, "utf8").catch(() => "");
  const rows: Row[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    try {
      rows.push(JSON.parse(line));
    } catch {
      // Cut short by a crash; the next writer drops it.
    }
  }
  return rows;
};

/** A row, and the byte of its file at which the next one begins. */
interface PlacedRow {
  readonly row: Row;
  readonly next: number;
}

/**
 * The rows of a JSONL file from a byte on, read as they are asked for: a file may be larger than memory.
 * None where the file is absent; what is no whole row is left out.
 */
export async function* rowsFrom(file: string, offset: number): AsyncGenerator<PlacedRow> {
  let rest: Buffer = Buffer.alloc(0);
  let next = offset;
  try {
    for await (const chunk of createReadStream(file, { start: offset, highWaterMark: 1 << 17 })) {
      const bytes = rest.length === 0 ? chunk as Buffer : Buffer.concat([rest, chunk as Buffer]);
      let begin = 0;
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, begin)) {
        next += end + 1 - begin;
        const row = rowOf(bytes.subarray(begin, end));
        begin = end + 1;
        if (row !== undefined) yield { row, next };
      }
      rest = bytes.subarray(begin);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

const rowOf = (line: Buffer): Row | undefined => {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
};

/** At most `points` rows spread evenly, the first and the last among them. */
export const thin = <T>(rows: readonly T[], points: number): T[] => {
  if (points >= rows.length) return [...rows];
  if (points === 1) return rows.slice(-1);
  return Array.from(
    { length: points },
    (_, i) => rows[Math.round(i * (rows.length - 1) / (points - 1))]!,
  );
};

/**
 * Rows as CSV (RFC 4180): a column for every key that occurs, in order of first appearance, objects as
 * JSON. Cells are quoted where they hold a comma, a quote or a line break.
 */
export const toCsv = (rows: readonly Row[]): string => {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  return lines.map((cells) => cells.map(quote).join(",") + "\r\n").join("");
};

export const toJsonl = (rows: readonly Row[]): string =>
  rows.map((row) => JSON.stringify(row) + "\n").join("");

const cell = (value: unknown): string =>
  value === null || value === undefined
    ? ""
    : typeof value === "object"
    ? JSON.stringify(value)
    : String(value);

const quote = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
