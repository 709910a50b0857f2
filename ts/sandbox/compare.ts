export type Compare = "exact" | "lines" | "tokens" | "any-order" | { readonly float: number };

/**
 * Compares what a program printed with what was expected.
 * - `exact`: every byte;
 * - `lines`: white space at the end of lines and of the output does not count;
 * - `tokens`: only the words between white space count;
 * - `any-order`: as `lines`, whatever the order of the lines;
 * - `{float: t}`: words; numbers to `|a - b| <= t * max(1, |b|)`, and NaN or an infinity equals nothing.
 */
export const sameOutput = (actual: string, expected: string, mode: Compare = "lines"): boolean => {
  if (mode === "exact") return actual === expected;
  if (mode === "lines") return trimLines(actual) === trimLines(expected);
  if (mode === "any-order") return sorted(actual) === sorted(expected);
  const [a, b] = [words(actual), words(expected)];
  if (a.length !== b.length) return false;
  return mode === "tokens"
    ? a.every((word, at) => word === b[at])
    : a.every((word, at) => sameWord(word, b[at] as string, mode.float));
};

const trimLines = (text: string) =>
  text.split("\n").map((line) => line.trimEnd()).join("\n").trimEnd();

const sorted = (text: string) => trimLines(text).split("\n").sort().join("\n");

const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");

const number = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i;
const noNumber = /^[+-]?(nan|inf|infinity)$/i;

const sameWord = (a: string, b: string, tolerance: number): boolean => {
  if (noNumber.test(a) || noNumber.test(b)) return false;
  if (!number.test(a) || !number.test(b)) return a === b;
  const [x, y] = [Number(a), Number(b)];
  // Equal texts are equal even where a double would overflow.
  return a === b || Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y));
};
