import type { Task } from "../data/mod.ts";

/** Fewer results in the code are chance. */
const TELLING = 3;

/**
 * Whether a program looks like a table of its tests' answers: at least three different results, and most
 * of them, stand in it as constants that what was given does not hold. A sign to look, not a verdict.
 */
export const looksLikeTable = (task: Task, given: string, code: string): boolean => {
  const results = new Set((task.cases ?? []).map(({ result }) => constant(result)));
  const known = constantsOf(given);
  const fresh = [...results].filter((result) => result !== undefined && !known.has(result));
  const written = constantsOf(code);
  const found = fresh.filter((result) => written.has(result!)).length;
  return found >= TELLING && 2 * found > fresh.length;
};

/** 0 and +-1 are in every program; booleans and containers are no table's entries. */
const constant = (result: unknown): string | undefined =>
  typeof result === "number" && Math.abs(result) > 1
    ? String(Math.abs(result))
    : typeof result === "string" && result.length > 1
    ? result
    : undefined;

/** Numbers without their sign, which some languages set apart, and what stands in quotes. */
const constantsOf = (code: string): ReadonlySet<string> =>
  new Set(
    [...code.matchAll(/\b\d+(?:\.\d+)?\b|"([^"\n]*)"|'([^'\n]*)'/g)].map(
      ([number, double, single]) => double ?? single ?? number,
    ),
  );
