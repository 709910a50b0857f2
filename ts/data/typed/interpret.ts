import { compare, Undefined, within } from "../program/interpret.ts";
import type { Expression, Function, Program, Statement } from "./tree.ts";

export type Value = number | boolean | string | readonly number[];
type Local = number | boolean | string | number[] | Map<number, number>;

const MOST_STEPS = 20_000;
const DEEPEST = 60;

/**
 * The reference interpreter. An intermediate outside -2^31 < v < 2^31 - 1, a divisor below 1, more steps
 * or deeper calls than a test should need throw `Undefined`: what is left has one meaning everywhere.
 */
export const interpret = (program: Program, args: readonly Value[]): Value => {
  const functions = new Map([...program.helpers, program.main].map((f) => [f.name, f]));
  let steps = 0;
  let depth = 0;

  const call = (f: Function, given: readonly Local[]): Local => {
    if (++depth > DEEPEST) throw new Undefined("steps");
    const scope = new Map<string, Local>(f.parameters.map(({ name }, i) => [name, given[i]!]));
    const result = run(f.body, scope);
    depth--;
    if (result === undefined) throw new Undefined("unbound");
    return result;
  };

  const run = (body: readonly Statement[], scope: Map<string, Local>): Local | undefined => {
    for (const s of body) {
      if (++steps > MOST_STEPS) throw new Undefined("steps");
      const result = step(s, scope);
      if (result !== undefined) return result;
    }
    return undefined;
  };

  const step = (s: Statement, scope: Map<string, Local>): Local | undefined => {
    const of = (e: Expression) => evaluate(e, scope);
    switch (s.kind) {
      case "let":
      case "set":
        scope.set(s.name, of(s.value));
        return undefined;
      case "push":
        (scope.get(s.list) as number[]).push(of(s.value) as number);
        return undefined;
      case "join": {
        const text = scope.get(s.text) as string;
        const value = of(s.value) as string;
        scope.set(s.text, s.before ? value + text : text + value);
        return undefined;
      }
      case "tally": {
        const map = scope.get(s.map) as Map<number, number>;
        const key = of(s.key) as number;
        map.set(key, (map.get(key) ?? 0) + 1);
        return undefined;
      }
      case "each":
        for (const item of scope.get(s.over) as string | number[]) {
          scope.set(s.item, item);
          const result = run(s.body, scope);
          if (result !== undefined) return result;
        }
        return undefined;
      case "range": {
        const to = of(s.to) as number;
        for (let i = s.from; i <= to; i++) {
          scope.set(s.item, i);
          const result = run(s.body, scope);
          if (result !== undefined) return result;
        }
        return undefined;
      }
      case "while":
        while (of(s.condition)) {
          const result = run(s.body, scope);
          if (result !== undefined) return result;
        }
        return undefined;
      case "if":
        return run(of(s.condition) ? s.then : s.else, scope);
      case "return":
        return of(s.value);
    }
  };

  const evaluate = (e: Expression, scope: Map<string, Local>): Local => {
    if (++steps > MOST_STEPS) throw new Undefined("steps");
    const number = (of: Expression) => evaluate(of, scope) as number;
    switch (e.kind) {
      case "var": {
        const value = scope.get(e.name);
        if (value === undefined) throw new Undefined("unbound");
        return value;
      }
      case "int":
      case "bool":
      case "char":
        return e.value;
      case "empty":
        return e.type === "string" ? "" : e.type === "map" ? new Map() : [];
      case "abs":
        return within(Math.abs(number(e.of)));
      case "not":
        return !evaluate(e.of, scope);
      case "and":
        return (evaluate(e.left, scope) && evaluate(e.right, scope)) as boolean;
      case "or":
        return (evaluate(e.left, scope) || evaluate(e.right, scope)) as boolean;
      case "same":
        return evaluate(e.left, scope) === evaluate(e.right, scope);
      case "length": {
        const of = scope.get(e.name) as string | number[] | Map<number, number>;
        return of instanceof Map ? of.size : of.length;
      }
      case "get":
        return (scope.get(e.map) as Map<number, number>).get(number(e.key)) ?? 0;
      case "call":
        return call(functions.get(e.name)!, e.arguments.map((each) => evaluate(each, scope)));
      default:
        return calculate(e.kind, number(e.left), number(e.right));
    }
  };
  return call(program.main, args as readonly Local[]) as Value;
};

type Binary = Extract<Expression, { left: Expression }>["kind"];

const calculate = (kind: Exclude<Binary, "and" | "or" | "same">, a: number, b: number): Local => {
  switch (kind) {
    case "add":
      return within(a + b);
    case "sub":
      return within(a - b);
    case "mul":
      return within(a * b);
    case "div":
      return positive(b) && within(Math.trunc(a / b));
    case "mod":
      return positive(b) && within(((a % b) + b) % b);
    case "max":
      return Math.max(a, b);
    case "min":
      return Math.min(a, b);
    default:
      return compare(kind, a, b);
  }
};

const positive = (divisor: number): number => {
  if (divisor < 1) throw new Undefined("zero-divisor");
  return divisor;
};
