import type { Expression } from "../tree.ts";
import type { Printed2, Printer, Text } from "../print.ts";

/** `name(a, b)`: a function that the language has. */
export const call = (name: string): Printed2 => (left, right, e) => [
  `${name}(${e(left, 0)}, ${e(right, 0)})`,
  3,
];

export const callOne = (name: string) => (of: Expression, e: Printer): Text => [
  `${name}(${e(of, 0)})`,
  3,
];

/** `a > b ? a : b` where max and min are nobody's built-in. */
export const ternary = (symbol: ">" | "<"): Printed2 => (left, right, e) => [
  `${e(left, 1)} ${symbol} ${e(right, 1)} ? ${e(left, 1)} : ${e(right, 1)}`,
  0,
];

/** `%` whose sign is already the divisor's. */
export const flooredRemainder: Printed2 = (left, right, e) => [
  `${e(left, 2)} % ${e(right, 3)}`,
  2,
];

/** `%` takes the dividend's sign: adding the divisor once more makes it floored. Slipped: forgotten. */
export const correctedRemainder: Printed2 = (left, right, e, slipped) =>
  slipped
    ? [`${e(left, 2)} % ${e(right, 3)}`, 2]
    : [`(${e(left, 2)} % ${e(right, 3)} + ${e(right, 3)}) % ${e(right, 3)}`, 2];

/** A conditional without braces, for languages whose branch is one statement. */
export const unbraced = (
  condition: string,
  then: string,
  otherwise: string | undefined,
): readonly string[] =>
  otherwise === undefined
    ? [`if (${condition}) ${then}`]
    : [`if (${condition}) ${then}`, `else ${otherwise}`];

/** `for (let i = 1; i <= n; i++) {` */
export const countingLoop = (declaration: string, variable: (name: string) => string) =>
(
  item: string,
  first: "0" | "1",
  to: string,
  included: boolean,
): string => {
  const i = variable(item);
  return `for (${declaration}${i} = ${first}; ${i} ${included ? "<=" : "<"} ${
    variable(to)
  }; ${i}++) {`;
};
