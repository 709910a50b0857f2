import { compile, type Level, type Toolchain } from "../groups/toolchain.ts";
import { draw, type Kind } from "../program/draw.ts";
import { print } from "../program/print.ts";
import { Random } from "../random.ts";
import { noveltyOf } from "../tasks/split.ts";
import { irKinds, irLimit_chars, irWeights } from "./mixture.ts";

export interface IrPair {
  readonly c: string;
  readonly ir: string;
}

/**
 * C of training families with the IR that clang and opt make of it, one level each. Functions are
 * compiled many to a file: a compiler's start costs more than its work here.
 */
export const irPairs = async (options: {
  readonly seed: number;
  readonly count: number;
  readonly tools: Toolchain;
  readonly strip: (module: string, functionName: string) => string;
}): Promise<readonly IrPair[]> => {
  const random = new Random(options.seed).fork("ir pairs");
  const sources = new Map<string, string[]>();
  const seen = new Set<string>();
  // Some answers are too long and fall away below.
  const wanted = Math.ceil(options.count * 1.6);
  for (let k = 0; seen.size < wanted && k < 50 * wanted; k++) {
    const stream = random.fork(k);
    const tree = draw(stream, stream.weighted(irKinds) as Kind);
    if (noveltyOf(tree) !== undefined) continue;
    const code = print(tree, "c");
    if (seen.has(code)) continue;
    seen.add(code);
    const level = stream.weighted(irWeights);
    sources.set(level, [...(sources.get(level) ?? []), code]);
  }
  const pairs: IrPair[] = [];
  for (const [level, codes] of sources) {
    const module = await compile(
      options.tools,
      "c",
      codes.map((code, i) => code.replace("int f(", `int f${i}(`)).join("\n"),
      level as Level,
    );
    const parts = splitFunctions(module);
    codes.forEach((c, i) => {
      const text = parts.get(`f${i}`);
      if (text === undefined) return;
      const ir = options.strip(text.replace(`@f${i}(`, "@f("), "f").trimEnd();
      if (ir.length <= irLimit_chars) pairs.push({ c, ir });
    });
  }
  return random.shuffle(pairs).slice(0, options.count);
};

/** Each function of a module as a module of its own: its definition and the declarations it may call. */
export const splitFunctions = (module: string): ReadonlyMap<string, string> => {
  const declarations = module.split("\n").filter((line) => line.startsWith("declare ")).join("\n");
  const parts = new Map<string, string>();
  for (const match of module.matchAll(/^define [^\n]*@([\w.]+)\([^]*?^\}$/gm)) {
    const attributes = module.split("\n").filter((line) => line.startsWith("attributes #")).join(
      "\n",
    );
    parts.set(match[1] as string, `${match[0]}\n${declarations}\n${attributes}\n`);
  }
  return parts;
};
