import type { Random } from "../random.ts";
import type { Arithmetic, Expression, Function } from "./tree.ts";

/** Short names for nodes, and draws that several kinds of program share. */
export const v = (name: string): Expression => ({ kind: "var", name });
export const int = (value: number): Expression => ({ kind: "int", value });
export const op = (kind: Arithmetic, left: Expression, right: Expression): Expression => ({
  kind,
  left,
  right,
});
export const call = (f: Function, args: readonly Expression[]): Expression => ({
  kind: "call",
  name: f.name,
  arguments: args,
});

export const compare = (random: Random, left: Expression, right: Expression): Expression => ({
  kind: random.pick(["gt", "lt", "ge", "le", "eq", "ne"] as const),
  left,
  right,
});

/** One operation on `of`, with another value or a small constant; divisors are constants above 1. */
export const drawArithmetic = (
  random: Random,
  of: Expression,
  other: () => Expression,
): Expression => {
  const second = () => random.chance(0.5) ? other() : int(random.int(1, 9));
  switch (
    random.weighted({
      add: 3,
      sub: 3,
      from: 1,
      mul: 2,
      div: 1,
      mod: 2,
      max: 1,
      min: 1,
      abs: 1,
      square: 1,
    })
  ) {
    case "add":
      return op("add", of, second());
    case "sub":
      return op("sub", of, second());
    case "from":
      return op("sub", second(), of);
    case "mul":
      return op("mul", of, int(random.int(2, 5)));
    case "div":
      return op("div", of, int(random.int(2, 5)));
    case "mod":
      return op("mod", of, int(random.int(2, 9)));
    case "max":
      return op("max", of, second());
    case "min":
      return op("min", of, second());
    case "abs":
      return { kind: "abs", of: op("sub", of, second()) };
    case "square":
      return op("mul", of, of);
  }
};
