import { type FileHandle, open, readFile, rename, writeFile } from "node:fs/promises";
import process from "node:process";
import { dirname } from "node:path";

/**
 * A JSONL file that only grows. A line cut short by a crash was never announced to anybody, so opening
 * the file drops it; every append is one write and one fsync, and whoever waits for it may rely on the
 * rows.
 */
export class AppendLog {
  #rows: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, rows: number) {
    this.#handle = handle;
    this.#rows = rows;
  }

  /** Rows in the file. */
  get rows(): number {
    return this.#rows;
  }

  static async open(file: string): Promise<AppendLog> {
    const handle = await open(file, "a+");
    const bytes = await readFile(file);
    let end = bytes.lastIndexOf(0x0a) + 1;
    // A torn block may end in a newline after zeros where the file system grew the file first.
    while (end > 0 && !isRow(bytes.subarray(bytes.lastIndexOf(0x0a, end - 2) + 1, end))) {
      end = bytes.lastIndexOf(0x0a, end - 2) + 1;
    }
    if (end < bytes.length) {
      await handle.truncate(end);
      await handle.sync();
    }
    let rows = 0;
    for (let i = 0; i < end; i++) if (bytes[i] === 0x0a) rows++;
    await syncFolder(dirname(file));
    return new AppendLog(handle, rows);
  }

  async append(rows: readonly unknown[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#handle.appendFile(rows.map((row) => JSON.stringify(row) + "\n").join(""));
    await this.#handle.datasync();
    this.#rows += rows.length;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Keeps the rows that `keep` says yes to; the file is replaced at once or not at all. */
export const cutLog = async (file: string, keep: (row: unknown) => boolean): Promise<void> => {
  const text = await readFile(file, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line !== "");
  const kept = lines.filter((line) => {
    try {
      return keep(JSON.parse(line));
    } catch {
      return false;
    }
  });
  if (kept.length === lines.length && (text === "" || text.endsWith("\n"))) return;
  await writeAside(file, kept.map((line) => line + "\n").join(""));
};

/** Written beside, synced, renamed. */
export const writeAside = async (file: string, text: string): Promise<void> => {
  const beside = `${file}.${process.pid}.part`;
  await writeFile(beside, text, { flush: true });
  await rename(beside, file);
  await syncFolder(dirname(file));
};

const isRow = (line: Uint8Array): boolean => {
  try {
    JSON.parse(new TextDecoder().decode(line));
    return true;
  } catch {
    return false;
  }
};

/** A rename or a new file is only on disk when its folder is. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
