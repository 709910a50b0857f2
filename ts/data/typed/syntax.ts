import type { Arithmetic, Comparison, Expression, Function, Parameter, Type } from "./tree.ts";

/** How tightly text binds: a choice, or, and, a comparison, a sum, a product, a sign, an atom. */
export type Binding = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
export type Text = readonly [text: string, binds: Binding];
/** Prints an expression, in parentheses if it binds less tightly than asked. */
export type Printer = (e: Expression, binds: Binding) => string;

/** What a language has to say for itself; `print` walks the tree. */
export interface Syntax {
  /** What it has no idiom for: a program with it is not printed. */
  readonly lacks: ReadonlySet<"map" | "string result" | "list result">;
  /** Lines before the functions, given what the program uses. */
  readonly head: (uses: ReadonlySet<string>) => readonly string[];
  readonly variable: (name: string, type: Type) => string;
  readonly open: (f: Function) => readonly string[];
  /** What ends a block; Python's indentation needs nothing. */
  readonly close: string | undefined;
  readonly end: ";" | "";
  readonly declare: (name: string, type: Type, value: string) => string;
  /** There is no `r += e`. */
  readonly lacksCompound?: true;
  /** A first line for a parameter that the body changes. */
  readonly rebind?: (name: string) => string;
  readonly assign: (name: string, value: string) => string;
  readonly push: (list: string, value: string) => string;
  readonly join: (text: string, value: string, before: boolean) => string;
  readonly tally: (map: string, key: string) => string;
  readonly each: (
    item: string,
    over: string,
    type: "string" | "list<int>",
  ) => readonly [open: string, ...first: string[]];
  /** The same of an item that the body does not name, where that cannot be declared. */
  readonly eachUnnamed?: (over: string) => string;
  readonly range: (item: string, from: number, to: Expression, e: Printer) => string;
  readonly while: (condition: string) => string;
  readonly if: (condition: string) => string;
  readonly else: string;
  readonly bool: (value: boolean) => string;
  readonly char: (value: string) => string;
  readonly empty: Readonly<Record<"string" | "list<int>" | "map", string>>;
  readonly arithmetic: (
    kind: Exclude<Arithmetic, "add" | "sub" | "mul">,
    left: Expression,
    right: Expression,
    e: Printer,
  ) => Text;
  readonly abs: (of: Expression, e: Printer) => Text;
  readonly comparison: Readonly<Record<Comparison, string>>;
  /** Equality of characters. */
  readonly same: string;
  readonly and: string;
  readonly or: string;
  readonly not: string;
  readonly length: (name: string, type: "string" | "list<int>" | "map") => string;
  readonly get: (map: string, key: string) => Text;
  readonly call: (
    name: string,
    args: readonly (readonly [text: string, e: Expression])[],
  ) => string;
}

export const symbols: Syntax["comparison"] = {
  gt: ">",
  lt: "<",
  ge: ">=",
  le: "<=",
  eq: "==",
  ne: "!=",
};

/** `name(a, b)` for maximum and minimum; C's division, and a remainder that takes the divisor's sign. */
export const likeC = (max: string, min: string): Syntax["arithmetic"] => (kind, left, right, e) => {
  switch (kind) {
    case "max":
      return [`${max}(${e(left, 0)}, ${e(right, 0)})`, 7];
    case "min":
      return [`${min}(${e(left, 0)}, ${e(right, 0)})`, 7];
    case "div":
      return [`${e(left, 5)} / ${e(right, 6)}`, 5];
    case "mod":
      return [`(${e(left, 5)} % ${e(right, 6)} + ${e(right, 5)}) % ${e(right, 6)}`, 5];
  }
};

/** `for (int i = 1; i <= n; i++) {` */
export const countingLoop =
  (declaration: string, sigil = ""): Syntax["range"] => (item, from, to, e) =>
    `for (${declaration}${sigil}${item} = ${from}; ${sigil}${item} <= ${
      e(to, 4)
    }; ${sigil}${item}++) {`;

/** `int a, String s`: type before name. */
export const typedParameters = (
  parameters: readonly Parameter[],
  types: Readonly<Record<Type, string>>,
): string => parameters.map(({ name, type }) => `${types[type]} ${name}`).join(", ");

export const plainCall: Syntax["call"] = (name, args) =>
  `${name}(${args.map(([text]) => text).join(", ")})`;

/** Blocks in braces, statements that end in a semicolon: what most of the languages share. */
export const braces = {
  lacks: new Set<never>(),
  head: (): readonly string[] => [],
  variable: (name: string): string => name,
  close: "}",
  end: ";",
  assign: (name: string, value: string): string => `${name} = ${value}`,
  while: (condition: string): string => `while (${condition}) {`,
  if: (condition: string): string => `if (${condition}) {`,
  else: "} else {",
  bool: String,
  char: (value: string): string => `'${value}'`,
  comparison: symbols,
  same: "==",
  and: "&&",
  or: "||",
  not: "!",
  call: plainCall,
} as const;
