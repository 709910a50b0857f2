import { Effect } from "effect";
import { createHash } from "node:crypto";
import { chmod, cp, lstat, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Runner } from "./runner.ts";
import type { Toolchain } from "./toolchain.ts";

/**
 * The toolchain with the folder that its `prepare` fills, taken from the user's cache where it was filled before; a
 * text is what went wrong.
 */
export const prepared = Effect.fnUntraced(function* (runner: Runner, toolchain: Toolchain) {
  const { prepare } = toolchain;
  if (prepare === undefined) return toolchain;
  const cached = join(cacheFolder(), `${toolchain.language.name}-${identity(toolchain)}`);
  if (yield* Effect.promise(() => isOurs(cached))) return { ...toolchain, prepared: cached };
  const made = yield* runner.prepare(toolchain, prepare);
  if (typeof made === "string") return made;
  const kept = yield* Effect.promise(() => keep(made.path, cached));
  return { ...toolchain, prepared: kept ? cached : made.path };
});

/** Programs run as nobody where this runs as root, whose home is closed to nobody. */
const cacheFolder = (): string =>
  process.getuid?.() === 0
    ? "/var/cache/calque/sandbox"
    : join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "calque", "sandbox");

/** Changes with the tools and with how the folder is filled. */
const identity = (toolchain: Toolchain): string => {
  const tools = toolchain.paths.map((path) => {
    const { size, mtimeMs } = statSync(path);
    return [path, size, mtimeMs];
  });
  return createHash("sha256").update(JSON.stringify([tools, toolchain.prepare?.command]))
    .digest("hex").slice(0, 16);
};

/** What somebody else could have written is not read. */
const isOurs = async (path: string): Promise<boolean> => {
  try {
    const found = await lstat(path);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  } catch {
    return false;
  }
};

/** Whole or not at all: others may look for it meanwhile. */
const keep = async (from: string, to: string): Promise<boolean> => {
  let partial: string | undefined;
  try {
    await mkdir(cacheFolder(), { recursive: true, mode: 0o755 });
    partial = await mkdtemp(`${to}.`);
    await cp(from, partial, { recursive: true, force: true });
    await chmod(partial, 0o755);
    await rename(partial, to);
    return true;
  } catch {
    if (partial !== undefined) await rm(partial, { recursive: true, force: true });
    return false;
  }
};
