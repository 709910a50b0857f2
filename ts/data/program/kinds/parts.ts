import type { Random } from "../../random.ts";
import type { Comparison, Condition, Expression, Operator, Statement } from "../tree.ts";

/** Short names for the tree's nodes, and the parts that several kinds of program share. */
export const v = (name: string): Expression => ({ kind: "var", name });
export const int = (value: number): Expression => ({ kind: "int", value });
export const op = (kind: Operator, left: Expression, right: Expression): Expression => ({
  kind,
  left,
  right,
});
export const set = (name: string, value: Expression): Statement => ({ kind: "set", name, value });
export const start = (name: string, value: number): Statement => ({
  kind: "let",
  name,
  value: int(value),
});
export const give = (value: Expression): Statement => ({ kind: "return", value });

export const orders: readonly Comparison[] = ["gt", "lt", "ge", "le"];
export const multiple = (name: string, random: Random): Condition => ({
  op: "eq",
  left: op("mod", v(name), int(random.int(2, 5))),
  right: int(0),
});

/** The expression that is returned after a loop over `r`. */
export const drawLast = (random: Random, parameter: string): Expression => {
  const r = v("r");
  switch (random.weighted({ r: 4, add: 1, mul: 1, mod: 2, less: 1, from: 1, abs: 1, div: 1 })) {
    case "r":
      return r;
    case "add":
      return op("add", r, int(random.int(1, 9)));
    case "mul":
      return op("mul", r, int(random.int(2, 5)));
    case "mod":
      return op("mod", r, int(random.int(3, 9)));
    case "less":
      return op("sub", r, v(parameter));
    case "from":
      return op("sub", v(parameter), r);
    case "abs":
      return { kind: "abs", of: r };
    case "div":
      return op("div", r, int(random.int(2, 5)));
  }
};
