import { randomBytes } from "node:crypto";
import { link, readFile, rename, unlink, writeFile } from "node:fs/promises";
import process from "node:process";
import { isAlive, markOfThis, type ProcessMark } from "./process.ts";

/**
 * Takes a folder for this process. The lock is a file that names the process, made whole and then linked
 * into place, so nobody reads half of it; one whose process is gone is taken over. Returns who holds it
 * if somebody does.
 */
export const takeLock = async (
  file: string,
): Promise<{ readonly release: () => Promise<void> } | { readonly heldBy: ProcessMark }> => {
  const unique = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const text = JSON.stringify(await markOfThis()) + "\n";
  await writeFile(unique, text);
  try {
    for (;;) {
      try {
        await link(unique, file);
        return { release: () => releaseLock(file, text) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = await readMark(file);
      if (holder !== undefined && await isAlive(holder)) return { heldBy: holder };
      await removeStale(file, holder);
    }
  } finally {
    await unlink(unique);
  }
};

/** Who holds the lock and lives, if anybody. */
export const lockHolder = async (file: string): Promise<ProcessMark | undefined> => {
  const mark = await readMark(file);
  return mark !== undefined && await isAlive(mark) ? mark : undefined;
};

const readMark = async (file: string): Promise<ProcessMark | undefined> => {
  try {
    const { pid, started } = JSON.parse(await readFile(file, "utf8"));
    return typeof pid === "number" && typeof started === "string" ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
};

/** Moves the dead lock away first: should a new one have come in between, it is put back. */
const removeStale = async (file: string, stale: ProcessMark | undefined): Promise<void> => {
  const aside = `${file}.stale.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = await readMark(aside);
  if (moved !== undefined && moved.started !== stale?.started && await isAlive(moved)) {
    await link(aside, file).catch(() => undefined);
  }
  await unlink(aside);
};

const releaseLock = async (file: string, text: string): Promise<void> => {
  const now = await readFile(file, "utf8").catch(() => undefined);
  if (now === text) await unlink(file);
};
