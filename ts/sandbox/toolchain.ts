import { accessSync, constants, realpathSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import type { Language, Variant } from "./languages/language.ts";
import { firstTool } from "./supervisor.ts";
import { matching, placeOf, visible } from "./visible.ts";

/** A way to build and run a language's programs whose tools are on this machine. */
export interface Toolchain {
  readonly language: Language;
  readonly variant: Variant;
  readonly prepare?: Step;
  readonly compile?: Step;
  readonly run: Step;
  readonly version: Step;
  readonly environment: Readonly<Record<string, string>>;
  /** The host's paths of its tools. */
  readonly paths: readonly string[];
  readonly tools: readonly (readonly [fd: number, path: string])[];
  /** The host's folder that `prepare` filled. */
  readonly prepared?: string;
}

/** A command and what it sees of the system, as bubblewrap's arguments. */
export interface Step {
  readonly command: readonly string[];
  readonly visible: readonly string[];
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
    const { build = [], run = [] } = variant.needs ?? {};
    const tools: (readonly [number, string])[] = [];
    const seen = (paths as string[]).map((path) => {
      if (path.startsWith("/usr/")) return placeOf(path, [...build, ...run]);
      const known = opened.indexOf(path);
      const place = known >= 0 ? known : opened.push(path) - 1;
      const inside = `/opt/${path.slice(path.lastIndexOf("/") + 1)}`;
      tools.push([firstTool + place, inside]);
      return inside;
    });
    const fill = (word: string) =>
      word.replace("{source}", language.source)
        .replace(/\{(\d)\}/g, (_, at) => seen[Number(at)] ?? "")
        .replace(/\{(\d):folder\}/g, (_, at) => dirname(seen[Number(at)] ?? ""));
    const step = (words: readonly string[], needs: readonly string[]): Step => {
      const command = words.map(fill);
      const used = seen.filter((path, at) =>
        path.startsWith("/usr/") && words.some((word) => word.includes(`{${at}}`))
      );
      return { command, visible: visible([...new Set(used)], needs) };
    };
    const { prepare, compile } = variant;
    return [{
      language,
      variant,
      ...(prepare === undefined ? {} : { prepare: step(prepare, [...build, ...preparing]) }),
      ...(compile === undefined ? {} : { compile: step(compile, build) }),
      run: step(variant.run, run),
      version: step(variant.version, [...build, ...run]),
      paths: paths as string[],
      environment: Object.fromEntries(
        Object.entries(variant.environment ?? {}).map(([name, value]) => [name, fill(value)]),
      ),
      tools,
    }];
  });

/** What scripts that prepare a folder are written with. */
const preparing = ["sh", "cp", "mkdir", "rm", "cat"];

/**
 * The system's folders come first: others may be closed to the user that programs run as. Go's own archive is
 * unpacked where no PATH leads by itself.
 */
const locate = (tool: string): string | undefined => {
  const system = ["/usr/local/bin", "/usr/bin", "/usr/local/go/bin"];
  const folders = [...system, ...(process.env["PATH"] ?? "").split(":")];
  const paths = tool.startsWith("/")
    ? matching(tool).reverse()
    : folders.map((folder) => `${folder}/${tool}`);
  for (const path of paths) {
    try {
      accessSync(path, constants.X_OK);
      // A name in the system's folders may be what the tool goes by (clang++ is a link to clang).
      if (!path.startsWith("/usr/")) return realpathSync(path);
      // A link out of the system is no tool of the system's.
      return realpathSync(path).startsWith("/usr/") ? path : realpathSync(path);
    } catch {
      continue;
    }
  }
  return undefined;
};
