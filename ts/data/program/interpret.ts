import type { Condition, Expression, Statement, Tree } from "./tree.ts";

/** Why a case has no defined answer: the generator drops it, in all languages alike. */
export class Undefined extends Error {
  override readonly name = "Undefined";
  constructor(readonly why: "overflow" | "zero-divisor" | "unbound" | "steps") {
    super(`the program has no defined result here: ${why}`);
  }
}

/** How a faulty printing reads `div` and `mod`; the language's own meaning is the default. */
export interface Arithmetic {
  readonly div?: "truncated" | "floored";
  readonly mod?: "floored" | "truncated";
}

const limit = 2 ** 31;
const maximumSteps = 10_000;

/**
 * The reference interpreter. `mod` is floored, `div` truncates; an intermediate outside
 * -2^31 < v < 2^31 - 1 throws `Undefined`, as does a zero divisor: what is left has one meaning in
 * languages with 32-bit, 64-bit and floating numbers.
 */
export const interpret = (
  tree: Tree,
  args: readonly (number | readonly number[])[],
  arithmetic: Arithmetic = {},
): number => {
  const lists = new Map<string, readonly number[]>();
  const ints = new Map<string, number>();
  tree.parameters.forEach((p, index) => {
    const value = args[index];
    if (value === undefined) throw new Undefined("unbound");
    if (typeof value === "number") ints.set(p.name, value);
    else lists.set(p.name, value);
  });
  let steps = 0;

  const evaluate = (e: Expression): number => {
    if (++steps > maximumSteps) throw new Undefined("steps");
    if (e.kind === "int") return e.value;
    if (e.kind === "var") {
      const value = ints.get(e.name);
      if (value === undefined) throw new Undefined("unbound");
      return value;
    }
    if (e.kind === "abs") return within(Math.abs(evaluate(e.of)));
    const a = evaluate(e.left);
    const b = evaluate(e.right);
    switch (e.kind) {
      case "add":
        return within(a + b);
      case "sub":
        return within(a - b);
      case "mul":
        return within(a * b);
      case "max":
        return Math.max(a, b);
      case "min":
        return Math.min(a, b);
      case "div":
        if (b === 0) throw new Undefined("zero-divisor");
        return within(arithmetic.div === "floored" ? Math.floor(a / b) : Math.trunc(a / b));
      case "mod": {
        if (b === 0) throw new Undefined("zero-divisor");
        const r = a % b;
        return within(arithmetic.mod === "truncated" || r === 0 || (r < 0) === (b < 0) ? r : r + b);
      }
    }
  };
  const run = (statements: readonly Statement[]): number | undefined => {
    for (const s of statements) {
      switch (s.kind) {
        case "let":
        case "set":
          ints.set(s.name, evaluate(s.value));
          break;
        case "return":
          return evaluate(s.value);
        case "if": {
          const result = run(holds(s.condition) ? s.then : s.else);
          if (result !== undefined) return result;
          break;
        }
        case "each": {
          const list = lists.get(s.list);
          if (list === undefined) throw new Undefined("unbound");
          for (const x of list) {
            ints.set(s.item, x);
            const result = run(s.body);
            if (result !== undefined) return result;
          }
          break;
        }
        case "range": {
          const to = evaluate({ kind: "var", name: s.to });
          const first = s.span === "0..n" ? 0 : 1;
          const last = s.span === "1..n" ? to : to - 1;
          for (let i = first; i <= last; i++) {
            ints.set(s.item, i);
            const result = run(s.body);
            if (result !== undefined) return result;
          }
          break;
        }
      }
    }
    return undefined;
  };
  const holds = (c: Condition): boolean => {
    return compare(c.op, evaluate(c.left), evaluate(c.right));
  };
  const result = run(tree.body);
  if (result === undefined) throw new Undefined("unbound");
  return result;
};

/** The value, where every language can hold it; never the negative zero. Throws `Undefined` outside. */
export const within = (value: number): number => {
  if (!(value > -limit && value < limit - 1)) throw new Undefined("overflow");
  return value === 0 ? 0 : value;
};

export const compare = (op: Condition["op"], a: number, b: number): boolean => {
  switch (op) {
    case "gt":
      return a > b;
    case "lt":
      return a < b;
    case "ge":
      return a >= b;
    case "le":
      return a <= b;
    case "eq":
      return a === b;
    case "ne":
      return a !== b;
  }
};
