import {
  compilation,
  type Level,
  levels,
  pipelines,
  type SourceLanguage,
  sourceName,
  type Toolchain,
} from "./toolchain.ts";

/** A distinct text of a function's IR, under the first level that gave it. */
export interface Member {
  readonly ir: string;
  readonly level: Level;
}

/** Least optimised first: later members are to refine earlier ones. */
export const memberOrder = (language: SourceLanguage): readonly Level[] => [
  "-O0",
  ...(language === "rust" ? [] : pipelines),
  ...levels.slice(1),
];

/**
 * Every distinct IR of every global function of a program, by the function's name in its source, at all
 * levels and pipelines. A level at which `strip` cannot read the function gives no member.
 */
export const compileMembers = async (
  tools: Toolchain,
  language: SourceLanguage,
  code: string,
  strip: (module: string, symbol: string) => string,
): Promise<ReadonlyMap<string, readonly Member[]>> => {
  const compile = compilation(tools, language, code);
  const modules = await Promise.all(
    memberOrder(language).map(async (level) => ({ level, module: await compile(level) })),
  );
  const members = new Map<string, Member[]>();
  for (const { level, module } of modules) {
    for (const [, symbol = ""] of module.matchAll(/^define [^\n]*?@([\w.$]+)\(/gm)) {
      const name = sourceName(language, symbol);
      if (name === undefined) continue;
      let ir: string;
      try {
        ir = strip(module, symbol).trimEnd().replaceAll(`@${symbol}(`, `@${name}(`);
      } catch {
        continue;
      }
      const own = members.get(name) ?? [];
      members.set(name, own);
      if (!own.some((member) => member.ir === ir)) own.push({ ir, level });
    }
  }
  return members;
};
