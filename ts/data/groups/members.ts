import { splitFunctions } from "../corpus/ir_pairs.ts";
import { compile, type Level, levels, pipelines, type Toolchain } from "./toolchain.ts";

/** A distinct text of a function's IR, under the first level that gave it. */
export interface Member {
  readonly ir: string;
  readonly level: Level;
}

/** Least optimised first: later members are to refine earlier ones. */
export const memberOrder: readonly Level[] = ["-O0", ...pipelines, ...levels.slice(1)];

/**
 * Every distinct IR of every C function, at all levels and pipelines. The functions, each named
 * `functionName`, are compiled many to a file under numbered names and renamed back.
 */
export const compileMembers = async (options: {
  readonly sources: readonly string[];
  readonly functionName: string;
  readonly tools: Toolchain;
  readonly strip: (module: string, functionName: string) => string;
}): Promise<readonly (readonly Member[])[]> => {
  const { sources, functionName, tools } = options;
  const name = new RegExp(`\\b${functionName}\\(`);
  const file = sources.map((code, i) => code.replace(name, `${functionName}${i}(`)).join("\n");
  const members = sources.map((): Member[] => []);
  for (const level of memberOrder) {
    const parts = splitFunctions(await compile(tools, file, level));
    sources.forEach((_, i) => {
      const part = parts.get(`${functionName}${i}`);
      if (part === undefined) return;
      const ir = options.strip(
        part.replace(`@${functionName}${i}(`, `@${functionName}(`),
        functionName,
      ).trimEnd();
      const own = members[i] as Member[];
      if (!own.some((member) => member.ir === ir)) own.push({ ir, level });
    });
  }
  return members;
};
