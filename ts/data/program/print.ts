import { c } from "./languages/c.ts";
import { javascript } from "./languages/javascript.ts";
import { lua } from "./languages/lua.ts";
import { perl } from "./languages/perl.ts";
import { php } from "./languages/php.ts";
import { python } from "./languages/python.ts";
import type { Expression, Statement, Tree } from "./tree.ts";

/** The languages that the generator prints, each in its own idiom. */
export const generatorLanguages = ["python", "javascript", "lua", "c", "perl", "php"] as const;
export type GeneratorLanguage = typeof generatorLanguages[number];

/**
 * A fault of printing that a corpus may carry: `mod` leaves a truncating `%` as it is, `div` takes the
 * language's handiest division, `bound` closes the half-open range `0..n` at n.
 */
export type PrintingSlip = "mod" | "div" | "bound";

/** What a language has to say for itself; `print` walks the tree. */
export interface Syntax {
  /** Printing slips that this language can make. */
  readonly slips: readonly PrintingSlip[];
  readonly variable: (name: string) => string;
  readonly open: (tree: Tree) => readonly string[];
  /** Last line of a block, if it has one. */
  readonly close: string | undefined;
  readonly statement: (assignment: string) => string;
  readonly declare: (name: string, value: string) => string;
  /** `r += e` where there is such a thing. */
  readonly compound: boolean;
  readonly each: (item: string, list: string) => readonly [open: string, ...first: string[]];
  readonly range: (item: string, first: "0" | "1", to: string, included: boolean) => string;
  readonly condition: (
    condition: string,
    then: string,
    otherwise: string | undefined,
  ) => readonly string[];
  readonly comparison: { readonly eq: string; readonly ne: string };
  readonly max: Printed2;
  readonly min: Printed2;
  readonly abs: (of: Expression, e: Printer) => Text;
  readonly div: Printed2;
  readonly mod: Printed2;
}

/** Text of an expression and how tightly it binds: 0 a ternary, 1 a sum, 2 a product, 3 an atom. */
export type Text = readonly [text: string, binds: 0 | 1 | 2 | 3];
/** Prints an expression, in parentheses if it binds less tightly than asked. */
export type Printer = (e: Expression, binds: 0 | 1 | 2 | 3) => string;
export type Printed2 = (
  left: Expression,
  right: Expression,
  e: Printer,
  slipped: boolean,
) => Text;

const syntaxes: Readonly<Record<GeneratorLanguage, Syntax>> = {
  python,
  javascript,
  lua,
  c,
  perl,
  php,
};

/** The program in one language; no newline at its end. */
export const print = (
  tree: Tree,
  language: GeneratorLanguage,
  slips: ReadonlySet<PrintingSlip> = new Set(),
): string => {
  const syntax = syntaxes[language];
  const lines = [
    ...syntax.open(tree),
    ...indent(tree.body.flatMap((s) => statement(s, syntax, slips))),
  ];
  if (syntax.close !== undefined) lines.push(syntax.close);
  return lines.join("\n");
};

export const slipsOf = (language: GeneratorLanguage): readonly PrintingSlip[] =>
  syntaxes[language].slips;

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

const symbols = { gt: ">", lt: "<", ge: ">=", le: "<=" } as const;

const statement = (
  s: Statement,
  syntax: Syntax,
  slips: ReadonlySet<PrintingSlip>,
): readonly string[] => {
  const e = expressionPrinter(syntax, slips);
  const block = (first: readonly string[], body: readonly Statement[]): string[] => {
    const [open, ...rest] = first;
    const lines = [
      open as string,
      ...indent([...rest, ...body.flatMap((inner) => statement(inner, syntax, slips))]),
    ];
    if (syntax.close !== undefined) lines.push(syntax.close);
    return lines;
  };
  switch (s.kind) {
    case "return":
      return [syntax.statement(`return ${e(s.value, 0)}`)];
    case "let":
      return [syntax.statement(syntax.declare(s.name, e(s.value, 0)))];
    case "set":
      return [syntax.statement(assignment(s.name, s.value, syntax, e))];
    case "each":
      return block(syntax.each(s.item, s.list), s.body);
    case "range": {
      const included = s.span === "1..n" || (s.span === "0..n" && slips.has("bound"));
      return block([syntax.range(s.item, s.span === "0..n" ? "0" : "1", s.to, included)], s.body);
    }
    case "if": {
      const { op, left, right } = s.condition;
      const symbol = op === "eq" || op === "ne" ? syntax.comparison[op] : symbols[op];
      // A remainder that is only compared with zero needs no correction of its sign.
      const side = left.kind === "mod" && right.kind === "int" && right.value === 0
        ? `${e(left.left, 2)} % ${e(left.right, 3)}`
        : e(left, 1);
      const one = (body: readonly Statement[]): string => {
        const [line, ...more] = body.flatMap((inner) => statement(inner, syntax, slips));
        if (line === undefined || more.length > 0) {
          throw new Error("a branch holds exactly one line; loops inside branches are not printed");
        }
        return line;
      };
      return syntax.condition(
        `${side} ${symbol} ${e(right, 1)}`,
        one(s.then),
        s.else.length > 0 ? one(s.else) : undefined,
      );
    }
  }
};

const assignment = (name: string, value: Expression, syntax: Syntax, e: Printer): string => {
  const target = syntax.variable(name);
  if (
    syntax.compound && (value.kind === "add" || value.kind === "sub" || value.kind === "mul") &&
    value.left.kind === "var" && value.left.name === name
  ) {
    return `${target} ${{ add: "+", sub: "-", mul: "*" }[value.kind]}= ${e(value.right, 0)}`;
  }
  return `${target} = ${e(value, 0)}`;
};

const expressionPrinter = (syntax: Syntax, slips: ReadonlySet<PrintingSlip>): Printer => {
  const text = (x: Expression): Text => {
    switch (x.kind) {
      case "var":
        return [syntax.variable(x.name), 3];
      case "int":
        return [String(x.value), x.value < 0 ? 2 : 3];
      case "add":
        return [`${e(x.left, 1)} + ${e(x.right, 2)}`, 1];
      case "sub":
        return [`${e(x.left, 1)} - ${e(x.right, 2)}`, 1];
      case "mul":
        return [`${e(x.left, 2)} * ${e(x.right, 3)}`, 2];
      case "abs":
        return syntax.abs(x.of, e);
      case "max":
        return syntax.max(x.left, x.right, e, false);
      case "min":
        return syntax.min(x.left, x.right, e, false);
      case "div":
      case "mod":
        return syntax[x.kind](x.left, x.right, e, slips.has(x.kind));
    }
  };
  const e: Printer = (x, binds) => {
    const [printed, own] = text(x);
    return own < binds ? `(${printed})` : printed;
  };
  return e;
};
