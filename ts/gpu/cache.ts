import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Where what was fetched or measured once is kept: `CALQUE_CACHE`, else `~/.cache/calque`. */
export const cacheFolder = (): string =>
  process.env["CALQUE_CACHE"] ?? join(homedir(), ".cache", "calque");
