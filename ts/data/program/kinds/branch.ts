import type { Random } from "../../random.ts";
import type { Condition, Expression, Statement, Tree } from "../tree.ts";
import { drawLast, give, int, multiple, op, orders, set, v } from "./parts.ts";

/** `f(a, b)` without a loop: two or three exits, or a value that a condition changes. */
export const drawBranch = (random: Random): Tree => {
  const condition = (): Condition => {
    const name = random.pick(["a", "b"]);
    switch (random.weighted({ pair: 5, constant: 3, equal: 1, multiple: 2 })) {
      case "pair":
        return { op: random.pick(orders), left: v("a"), right: v("b") };
      case "constant":
        return { op: random.pick(orders), left: v(name), right: int(random.int(1, 9)) };
      case "equal":
        return {
          op: random.pick(["eq", "ne"] as const),
          left: v(name),
          right: int(random.int(1, 5)),
        };
      case "multiple":
        return multiple(name, random);
    }
  };
  const leaf = (): Expression => v(random.pick(["a", "b"]));
  const pair = (): readonly [Expression, Expression] =>
    random.chance(0.5) ? [v("a"), v("b")] : [v("b"), v("a")];
  const value = (): Expression => {
    const [p, q] = pair();
    switch (
      random.weighted({
        plus: 3,
        minus: 3,
        times: 1,
        scaled: 2,
        shifted: 2,
        max: 1,
        min: 1,
        abs: 1,
        mod: 1,
        div: 1,
        mixed: 2,
      })
    ) {
      case "plus":
        return op("add", p, q);
      case "minus":
        return op("sub", p, q);
      case "times":
        return op("mul", p, q);
      case "scaled":
        return op("mul", leaf(), int(random.int(2, 9)));
      case "shifted":
        return op(random.pick(["add", "sub"] as const), leaf(), int(random.int(1, 9)));
      case "max":
        return op("max", p, q);
      case "min":
        return op("min", p, q);
      case "abs":
        return { kind: "abs", of: leaf() };
      case "mod":
        return op("mod", leaf(), int(random.int(3, 9)));
      case "div":
        return op("div", leaf(), int(random.int(2, 5)));
      case "mixed":
        return op(
          random.pick(["add", "sub"] as const),
          op("mul", p, int(random.int(2, 5))),
          q,
        );
    }
  };
  const exit = (): Statement => ({
    kind: "if",
    condition: condition(),
    then: [give(value())],
    else: [],
  });
  const r = v("r");
  const change = (): Statement =>
    set(
      "r",
      op(
        random.pick(["add", "sub", "mul"] as const),
        r,
        random.chance(0.5) ? leaf() : int(random.int(2, 5)),
      ),
    );
  const body: readonly Statement[] = ((): readonly Statement[] => {
    switch (random.weighted({ two: 4, three: 1, change: 3 })) {
      case "two":
        return [exit(), give(value())];
      case "three":
        return [exit(), exit(), give(value())];
      case "change":
        return [
          { kind: "let", name: "r", value: value() },
          {
            kind: "if",
            condition: condition(),
            then: [change()],
            else: random.chance(0.3) ? [change()] : [],
          },
          give(random.chance(0.5) ? r : drawLast(random, "b")),
        ];
    }
  })();
  return {
    name: "f",
    parameters: [{ name: "a", type: "int" }, { name: "b", type: "int" }],
    body,
  };
};
