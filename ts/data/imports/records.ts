import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { DataError } from "../jsonl.ts";
import { type Foreign, parseForeign } from "./foreign.ts";
import { readParquet } from "./parquet.ts";

/**
 * The records of a file, whatever it is: JSONL, gzipped JSONL or Parquet; of a folder, those of its files
 * of these kinds, in the order of their names. A file's kind is told by its first bytes.
 */
export const readRecords = async (path: string): Promise<readonly Foreign[]> => {
  if ((await stat(path)).isDirectory()) {
    const names = (await readdir(path)).filter((name) => /\.(jsonl|parquet|gz)$/.test(name)).sort();
    if (names.length === 0) {
      const expected = "expected files of .jsonl, .jsonl.gz or .parquet in the folder";
      throw new DataError({ file: path, line: 0, key: "", expected });
    }
    return (await Promise.all(names.map((name) => readRecords(join(path, name))))).flat();
  }
  const bytes = await readFile(path);
  if (bytes.subarray(0, 4).toString("latin1") === "PAR1") {
    return await readParquet(bytes, basename(path));
  }
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (packed ? gunzipSync(bytes) : bytes).toString("utf8");
  return parseForeign(text, basename(path));
};
