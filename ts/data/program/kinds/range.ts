import type { Random } from "../../random.ts";
import type { Condition, Expression, Statement, Tree } from "../tree.ts";
import { drawLast, give, int, multiple, op, orders, set, start, v } from "./parts.ts";

/** `f(a, n)`: counts over `1..n` or `0..n` without n. */
export const drawRange = (random: Random): Tree => {
  const i = v("i");
  const r = v("r");
  const item = ((): Expression => {
    switch (random.weighted({ i: 3, mul: 2, more: 1, less: 1, times: 1, square: 1, mod: 1 })) {
      case "i":
        return i;
      case "mul":
        return op("mul", i, int(random.int(2, 5)));
      case "more":
        return op("add", i, v("a"));
      case "less":
        return op("sub", i, v("a"));
      case "times":
        return op("mul", i, v("a"));
      case "square":
        return op("mul", i, i);
      case "mod":
        return op("mod", op("sub", v("a"), i), int(random.int(3, 7)));
    }
  })();
  const fold = random.weighted({ sum: 4, sub: 1, flip: 2, double: 1 });
  const update = set(
    "r",
    fold === "sum"
      ? op("add", r, item)
      : fold === "sub"
      ? op("sub", r, item)
      : fold === "flip"
      ? op("sub", item, r)
      : op("add", op("mul", r, int(2)), item),
  );
  const condition: Condition = random.chance(0.5) ? multiple("i", random) : {
    op: random.pick(orders),
    left: i,
    right: random.chance(0.5) ? v("a") : int(random.int(2, 5)),
  };
  const loop: Statement = random.chance(0.5) ? update : {
    kind: "if",
    condition,
    then: [update],
    else: random.chance(0.3)
      ? [set("r", op(random.pick(["sub", "add"] as const), r, int(random.int(1, 5))))]
      : [],
  };
  return {
    name: "f",
    parameters: [{ name: "a", type: "int" }, { name: "n", type: "int" }],
    body: [
      random.chance(0.25)
        ? { kind: "let", name: "r", value: v("a") }
        : start("r", random.chance(0.5) ? 0 : random.int(1, 9)),
      {
        kind: "range",
        item: "i",
        span: random.chance(0.6) ? "1..n" : "0..n",
        to: "n",
        body: [loop],
      },
      give(drawLast(random, "a")),
    ],
  };
};
