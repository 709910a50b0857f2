import { existsSync } from "node:fs";

/** Where bubblewrap lies, or would. */
export const bubblewrap = (): string =>
  ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].find((path) => existsSync(path)) ?? "/usr/bin/bwrap";
