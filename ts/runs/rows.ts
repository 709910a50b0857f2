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
