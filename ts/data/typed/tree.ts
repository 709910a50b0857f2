import { hash32 } from "../random.ts";

/**
 * The typed little language: integers, booleans, strings, lists of integers, and maps from integers to
 * integers; conditionals, loops, folds, helper functions and recursion. Printers, the interpreter,
 * statements and families are functions of this tree.
 */
export interface Program {
  /** Called by `main`, each by those after it or by itself. */
  readonly helpers: readonly Function[];
  readonly main: Function;
}

export interface Function {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly result: Type;
  readonly body: readonly Statement[];
}

export interface Parameter {
  readonly name: string;
  readonly type: Type;
}

/** Maps are of integers to integers, and only local; a character is what a loop over a string gives. */
export type Type = "int" | "bool" | "string" | "list<int>" | "map" | "char";

export type Arithmetic = "add" | "sub" | "mul" | "div" | "mod" | "max" | "min";
export type Comparison = "gt" | "lt" | "ge" | "le" | "eq" | "ne";

/**
 * As in the untyped language `div` truncates toward zero and `mod` is floored; divisors are positive.
 * `get` of a key that a map does not hold is 0.
 */
export type Expression =
  | { readonly kind: "var"; readonly name: string }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "char"; readonly value: string }
  | { readonly kind: "empty"; readonly type: "string" | "list<int>" | "map" }
  | { readonly kind: Arithmetic; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "abs" | "not"; readonly of: Expression }
  | { readonly kind: Comparison; readonly left: Expression; readonly right: Expression }
  /** Of two characters. */
  | { readonly kind: "same"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | {
    readonly kind: "length";
    readonly name: string;
    readonly type: "string" | "list<int>" | "map";
  }
  | { readonly kind: "get"; readonly map: string; readonly key: Expression }
  | { readonly kind: "call"; readonly name: string; readonly arguments: readonly Expression[] };

export type Statement =
  | {
    readonly kind: "let";
    readonly name: string;
    readonly type: Type;
    readonly value: Expression;
  }
  | { readonly kind: "set"; readonly name: string; readonly value: Expression }
  | { readonly kind: "push"; readonly list: string; readonly value: Expression }
  /** A character joins a string, after it or before it. */
  | {
    readonly kind: "join";
    readonly text: string;
    readonly value: Expression;
    readonly before: boolean;
  }
  /** The map's value of the key rises by 1. */
  | { readonly kind: "tally"; readonly map: string; readonly key: Expression }
  | {
    readonly kind: "each";
    readonly item: string;
    readonly over: string;
    readonly type: "string" | "list<int>";
    readonly body: readonly Statement[];
  }
  /** From `from` to `to`, both included; none if `to` is below `from`. */
  | {
    readonly kind: "range";
    readonly item: string;
    readonly from: number;
    readonly to: Expression;
    readonly body: readonly Statement[];
  }
  | { readonly kind: "while"; readonly condition: Expression; readonly body: readonly Statement[] }
  | {
    readonly kind: "if";
    readonly condition: Expression;
    readonly then: readonly Statement[];
    readonly else: readonly Statement[];
  }
  | { readonly kind: "return"; readonly value: Expression };

/** The family: the tree with names and constants erased, as readable text. */
export const shape = ({ helpers, main }: Program): string =>
  [...helpers, main].map((f) =>
    `(${f.parameters.map(({ type }) => type).join(" ")} -> ${f.result} ${
      f.body.map(bare).join(" ")
    })`
  ).join(" ");

/** A short stable name of the family: level and a 32-bit hash of its shape. */
export const family = (program: Program, level: number): string =>
  `level${level}-${hash32(shape(program)).toString(16).padStart(8, "0")}`;

const bare = (node: Expression | Statement): string => {
  const { kind, ...parts } = node as { kind: string } & Record<string, unknown>;
  if (kind === "var") return "v";
  if (kind === "int" || kind === "bool" || kind === "char") return "c";
  const inner = Object.entries(parts).flatMap(([key, value]) => {
    if (Array.isArray(value)) return [`[${value.map(bare).join(" ")}]`];
    if (typeof value === "object") return [bare(value as Expression)];
    // Names and constants are erased; which type, which end and which function are not.
    return key === "type" || key === "before" || (key === "name" && kind === "call")
      ? [String(value)]
      : [];
  });
  return `(${[kind, ...inner].join(" ")})`;
};

/** Every node of a program, parents first. */
export const nodes = function* (program: Program): Generator<Expression | Statement> {
  for (const f of [...program.helpers, program.main]) yield* inside(f.body);
};

/** The same of some statements. */
export const inside = function* (list: readonly (Expression | Statement)[]): Generator<
  Expression | Statement
> {
  for (const node of list) {
    yield node;
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) yield* inside(value);
      else if (typeof value === "object" && value !== null) yield* inside([value as Expression]);
    }
  }
};
