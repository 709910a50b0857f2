import { DataError } from "../jsonl.ts";
import type { Foreign } from "./foreign.ts";

/**
 * The rows of a Parquet file as JSON would hold them; `line` is the row's number from 1. Compressions:
 * none, Snappy, gzip, Brotli, LZ4, Zstandard.
 */
export const readParquet = async (bytes: Uint8Array, file: string): Promise<readonly Foreign[]> => {
  const [{ parquetReadObjects }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  let rows: readonly Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({ file: whole as ArrayBuffer, compressors });
  } catch (error) {
    const expected = `expected a whole Parquet file; ${(error as Error).message}`;
    throw new DataError({ file, line: 0, key: "", expected });
  }
  return rows.map((row, i) => ({
    file,
    line: i + 1,
    record: asJson(row) as Record<string, unknown>,
  }));
};

/** 64-bit integers come as bigints: numbers where they fit, text where a number would lose digits. */
const asJson = (value: unknown): unknown => {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asJson(inner)]));
};
