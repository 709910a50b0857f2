import type { Task } from "../schema.ts";
import { type Foreign, optionalTextOf } from "./foreign.ts";

/** A whole program that reads standard input has no function: the name says so where one is needed. */
export const mainSignature: Task["signature"] = { name: "main", parameters: [], result: "any" };

/** A column that holds JSON as text (as sets of one flat table do), or the value itself. */
export const jsonOf = (foreign: Foreign, key: string): unknown => {
  const value = foreign.record[key];
  if (typeof value !== "string") return value;
  const text = optionalTextOf(foreign, key)!;
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Input or output as text; some sets keep a list of its lines. */
export const linesOf = (value: unknown): string | undefined =>
  typeof value === "string"
    ? value
    : Array.isArray(value) && value.every((line) => typeof line === "string")
    ? value.join("\n")
    : undefined;

/** Pairs of input and output as tests of a task; `undefined` if there is none or one is no text. */
export const stdinTests = (
  pairs: readonly (readonly [input: unknown, output: unknown])[],
): Task["tests"] => {
  const tests = pairs.map(([input, output]) => ({
    stdin: linesOf(input),
    stdout: linesOf(output),
  }));
  const [first, ...others] = tests;
  if (first === undefined || tests.some((t) => t.stdin === undefined || t.stdout === undefined)) {
    return undefined;
  }
  return [first, ...others] as NonNullable<Task["tests"]>;
};

/** The code of an answer: its first fenced block, or all of it. */
export const unfenced = (text: string): string =>
  /```[\w+#-]*\n([\s\S]*?)```/.exec(text)?.[1] ?? text;
