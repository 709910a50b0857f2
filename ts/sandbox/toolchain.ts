import { accessSync, constants, realpathSync } from "node:fs";
import process from "node:process";
import type { Language, Variant } from "./languages/language.ts";
import { firstTool } from "./supervisor.ts";

/** A way to build and run a language's programs whose tools are on this machine. */
export interface Toolchain {
  readonly language: Language;
  readonly variant: Variant;
  readonly compile: readonly string[] | undefined;
  readonly run: readonly string[];
  readonly version: readonly string[];
  readonly tools: readonly (readonly [fd: number, path: string])[];
}

/**
 * Every variant of a language whose tools are found, best first. A tool of the system's folders is used where it lies; one
 * from elsewhere (a single executable file) is added to `opened`, which the supervisor opens in this order, and seen
 * as /opt/NAME.
 */
export const toolchains = (language: Language, opened: string[]): readonly Toolchain[] =>
  language.variants.flatMap((variant) => {
    const paths = variant.tools.map(locate);
    if (paths.includes(undefined)) return [];
    const tools: (readonly [number, string])[] = [];
    const seen = (paths as string[]).map((path) => {
      if (path.startsWith("/usr/")) return path;
      const known = opened.indexOf(path);
      const place = known >= 0 ? known : opened.push(path) - 1;
      const inside = `/opt/${path.slice(path.lastIndexOf("/") + 1)}`;
      tools.push([firstTool + place, inside]);
      return inside;
    });
    const fill = (words: readonly string[]) =>
      words.map((word) =>
        word.replace("{source}", language.source)
          .replace(/\{(\d)\}/g, (_, at) => seen[Number(at)] ?? "")
      );
    return [{
      language,
      variant,
      compile: variant.compile === undefined ? undefined : fill(variant.compile),
      run: fill(variant.run),
      version: fill(variant.version),
      tools,
    }];
  });

/** The system's folders come first: others may be closed to the user that programs run as. */
const locate = (tool: string): string | undefined => {
  const folders = ["/usr/local/bin", "/usr/bin", ...(process.env["PATH"] ?? "").split(":")];
  for (const path of tool.startsWith("/") ? [tool] : folders.map((folder) => `${folder}/${tool}`)) {
    try {
      accessSync(path, constants.X_OK);
      // A name in the system's folders may be what the tool goes by (clang++ is a link to clang).
      return path.startsWith("/usr/") ? path : realpathSync(path);
    } catch {
      continue;
    }
  }
  return undefined;
};
