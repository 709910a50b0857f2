import { hash32 } from "../random.ts";

/**
 * The syntax tree of the generator's little language: integers, lists of integers, one function.
 * Every printer, the interpreter, the slips and the families are functions of this tree.
 */
export interface Tree {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

export interface Parameter {
  readonly name: string;
  readonly type: "int" | "list<int>";
}

export type Operator = "add" | "sub" | "mul" | "div" | "mod" | "max" | "min";

/**
 * `div` truncates toward zero and `mod` is floored (its sign is the divisor's), in every language:
 * the two meanings each have a one-word idiom in most of them, and each is somebody's trap.
 * Divisors are positive constants.
 */
export type Expression =
  | { readonly kind: "var"; readonly name: string }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "abs"; readonly of: Expression }
  | { readonly kind: Operator; readonly left: Expression; readonly right: Expression };

export type Comparison = "gt" | "lt" | "ge" | "le" | "eq" | "ne";

export interface Condition {
  readonly op: Comparison;
  readonly left: Expression;
  readonly right: Expression;
}

export type Statement =
  | { readonly kind: "let"; readonly name: string; readonly value: Expression }
  | { readonly kind: "set"; readonly name: string; readonly value: Expression }
  | {
    readonly kind: "each";
    readonly item: string;
    readonly list: string;
    readonly body: readonly Statement[];
  }
  /** `1..n` counts 1 to `to` included; `0..n` counts 0 to `to` excluded; `1..<n` is 1 to `to` excluded. */
  | {
    readonly kind: "range";
    readonly item: string;
    readonly span: "1..n" | "0..n" | "1..<n";
    readonly to: string;
    readonly body: readonly Statement[];
  }
  | {
    readonly kind: "if";
    readonly condition: Condition;
    readonly then: readonly Statement[];
    readonly else: readonly Statement[];
  }
  | { readonly kind: "return"; readonly value: Expression };

/** The family: the tree with names and constants erased, as readable text. */
export const shape = (tree: Tree): string =>
  `(${tree.parameters.map((p) => p.type).join(" ")}) ${statementsShape(tree.body)}`;

/** A short stable name of the family: kind of program and a 32-bit hash of its shape. */
export const family = (tree: Tree): string =>
  `${kindOf(tree)}-${hash32(shape(tree)).toString(16).padStart(8, "0")}`;

export const kindOf = (tree: Tree): "list" | "range" | "branch" => {
  for (const s of tree.body) {
    if (s.kind === "each") return "list";
    if (s.kind === "range") return "range";
  }
  return "branch";
};

/** The constructs that a tree holds: operators, comparisons, and the statements with a meaning of their own. */
export const constructs = (tree: Tree): ReadonlySet<string> => {
  const found = new Set<string>();
  const expression = (e: Expression): void => {
    if (e.kind === "var" || e.kind === "int") return;
    found.add(e.kind);
    if (e.kind === "abs") expression(e.of);
    else (expression(e.left), expression(e.right));
  };
  const walk = (statements: readonly Statement[]): void => {
    for (const s of statements) {
      if (s.kind === "if") {
        if (isMultiple(s.condition)) found.add("multiple");
        else {
          found.add(s.condition.op);
          expression(s.condition.left);
          expression(s.condition.right);
        }
        if (s.else.length > 0) found.add("else");
        walk(s.then);
        walk(s.else);
      } else if (s.kind === "each" || s.kind === "range") {
        found.add(s.kind);
        walk(s.body);
      } else expression(s.value);
    }
  };
  walk(tree.body);
  return found;
};

/** `e % k == 0`: the one use of a remainder where floored and truncated agree. */
export const isMultiple = (c: Condition): boolean =>
  c.left.kind === "mod" && (c.op === "eq" || c.op === "ne") && c.right.kind === "int" &&
  c.right.value === 0;

/** Every expression of a tree replaced by `replace`, bottom up; conditions and statements by theirs. */
export const rewrite = (tree: Tree, by: {
  readonly expression?: (e: Expression) => Expression;
  readonly condition?: (c: Condition) => Condition;
  readonly statement?: (s: Statement) => Statement;
}): Tree => {
  const expression = (e: Expression): Expression => {
    const inner: Expression = e.kind === "var" || e.kind === "int"
      ? e
      : e.kind === "abs"
      ? { kind: "abs", of: expression(e.of) }
      : { kind: e.kind, left: expression(e.left), right: expression(e.right) };
    return by.expression?.(inner) ?? inner;
  };
  const statement = (s: Statement): Statement => {
    let inner: Statement;
    if (s.kind === "if") {
      const c = {
        op: s.condition.op,
        left: expression(s.condition.left),
        right: expression(s.condition.right),
      };
      inner = {
        kind: "if",
        condition: by.condition?.(c) ?? c,
        then: s.then.map(statement),
        else: s.else.map(statement),
      };
    } else if (s.kind === "each" || s.kind === "range") {
      inner = { ...s, body: s.body.map(statement) };
    } else inner = { ...s, value: expression(s.value) };
    return by.statement?.(inner) ?? inner;
  };
  return { ...tree, body: tree.body.map(statement) };
};

const statementsShape = (statements: readonly Statement[]): string =>
  statements.map(statementShape).join(" ");

const statementShape = (s: Statement): string => {
  switch (s.kind) {
    case "let":
    case "set":
    case "return":
      return `(${s.kind} ${expressionShape(s.value)})`;
    case "each":
      return `(each ${statementsShape(s.body)})`;
    case "range":
      return `(range ${s.span} ${statementsShape(s.body)})`;
    case "if": {
      const c = s.condition;
      const otherwise = s.else.length > 0 ? ` else ${statementsShape(s.else)}` : "";
      return `(if (${c.op} ${expressionShape(c.left)} ${expressionShape(c.right)}) ${
        statementsShape(s.then)
      }${otherwise})`;
    }
  }
};

const expressionShape = (e: Expression): string =>
  e.kind === "var"
    ? "v"
    : e.kind === "int"
    ? "c"
    : e.kind === "abs"
    ? `(abs ${expressionShape(e.of)})`
    : `(${e.kind} ${expressionShape(e.left)} ${expressionShape(e.right)})`;
