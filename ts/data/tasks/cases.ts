import { interpret, Undefined } from "../program/interpret.ts";
import { slipsOf } from "../program/print.ts";
import { generatorLanguages } from "../program/print.ts";
import { misread, readingSlips } from "../program/slips.ts";
import type { Parameter, Tree } from "../program/tree.ts";
import type { Random } from "../random.ts";

export interface Case {
  readonly arguments: readonly (number | readonly number[])[];
  readonly result: number;
}

const candidates = 60;
const leastDistinct = 3;

/**
 * 6 to 8 cases of a program, or `undefined` when it does not tell enough apart: at least 3 distinct
 * results. Chosen out of 60 random ones so that every slip that changes a result at all is caught by
 * some case. A list program gets the empty list; negative numbers are in every one.
 */
export const drawCases = (tree: Tree, random: Random): readonly Case[] | undefined => {
  const pool: Case[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < candidates; i++) {
    const args = tree.parameters.map((p) => drawArgument(p, tree, i, random));
    const key = JSON.stringify(args);
    if (seen.has(key)) continue;
    seen.add(key);
    const result = attempt(() => interpret(tree, args));
    if (result !== undefined) pool.push({ arguments: args, result });
  }
  if (pool.length < 8) return undefined;
  const chosen = new Set<Case>(pool.slice(0, 2));
  for (const wrong of faulty(tree)) {
    const catches = pool.filter((c) => attempt(() => wrong(c.arguments)) !== c.result);
    if (catches.length > 0 && !catches.some((c) => chosen.has(c))) chosen.add(catches[0] as Case);
    if (chosen.size === 8) break;
  }
  const results = new Set([...chosen].map((c) => c.result));
  for (const c of pool) {
    if (chosen.size >= 6) break;
    if (!results.has(c.result) || chosen.size + (leastDistinct - results.size) < 6) {
      chosen.add(c);
      results.add(c.result);
    }
  }
  for (const c of pool) {
    if (chosen.size >= 6) break;
    chosen.add(c);
  }
  return new Set([...chosen].map((c) => c.result)).size >= leastDistinct ? [...chosen] : undefined;
};

/** What a slipped program would answer: one function per slip that this tree and some language can have. */
const faulty = (tree: Tree): ((args: Case["arguments"]) => number)[] => {
  const wrong: ((args: Case["arguments"]) => number)[] = [];
  for (const slip of readingSlips) {
    const read = misread(tree, slip);
    if (read !== undefined) wrong.push((args) => interpret(read, args));
  }
  const habits = new Set(generatorLanguages.flatMap(slipsOf));
  if (habits.has("mod")) wrong.push((args) => interpret(tree, args, { mod: "truncated" }));
  if (habits.has("div")) wrong.push((args) => interpret(tree, args, { div: "floored" }));
  return wrong;
};

const drawArgument = (
  parameter: Parameter,
  tree: Tree,
  index: number,
  random: Random,
): number | readonly number[] => {
  if (parameter.type === "list<int>") {
    const length = index === 0 ? 0 : index === 1 ? random.int(4, 6) : random.int(0, 6);
    return Array.from({ length }, () => random.int(-9, 9));
  }
  const counts = tree.body.some((s) => s.kind === "range" && s.to === parameter.name);
  if (counts) return random.int(0, 8);
  return index % 3 === 1 ? random.int(-9, -1) : random.int(-9, 12);
};

const attempt = <T>(compute: () => T): T | undefined => {
  try {
    return compute();
  } catch (error) {
    if (error instanceof Undefined) return undefined;
    throw error;
  }
};
