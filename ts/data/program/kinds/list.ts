import type { Random } from "../../random.ts";
import type { Condition, Expression, Statement, Tree } from "../tree.ts";
import { drawLast, give, int, multiple, op, orders, set, start, v } from "./parts.ts";

/** `f(xs, n)`: optional filter, map, fold, last step. */
export const drawList = (random: Random): Tree => {
  const x = v("x");
  const r = v("r");
  const fold = random.weighted({ sum: 4, sub: 1, count: 2, max: 2, min: 2, flip: 2 });
  const item = fold === "count" ? int(random.int(1, 3)) : drawItem(random);
  const update: Statement = set(
    "r",
    fold === "sum" || fold === "count"
      ? op("add", r, item)
      : fold === "sub"
      ? op("sub", r, item)
      : fold === "flip"
      ? op("sub", item, r)
      : op(fold, r, item),
  );
  const filtered = fold === "count" || random.chance(0.7);
  const loop: Statement = filtered
    ? {
      kind: "if",
      condition: drawFilter(random),
      then: [update],
      else: (fold === "sum" || fold === "count") && random.chance(0.3)
        ? [set("r", op(random.pick(["sub", "add"] as const), r, int(random.int(1, 5))))]
        : [],
    }
    : update;
  const first = fold === "max"
    ? -99
    : fold === "min"
    ? 99
    : random.chance(0.6)
    ? 0
    : random.int(1, 9);
  return {
    name: "f",
    parameters: [{ name: "xs", type: "list<int>" }, { name: "n", type: "int" }],
    body: [
      start("r", first),
      { kind: "each", item: "x", list: "xs", body: [loop] },
      give(drawLast(random, "n")),
    ],
  };

  function drawFilter(random: Random): Condition {
    const which = random.weighted({ constant: 4, parameter: 4, ne: 1, multiple: 2 });
    if (which === "multiple") return multiple("x", random);
    if (which === "ne") return { op: "ne", left: x, right: int(random.int(1, 5)) };
    return {
      op: random.pick(orders),
      left: x,
      right: which === "constant" ? int(random.int(1, 6)) : v("n"),
    };
  }

  function drawItem(random: Random): Expression {
    switch (
      random.weighted({ x: 3, mul: 2, add: 1, less: 2, more: 1, abs: 1, square: 1, div: 1, mod: 1 })
    ) {
      case "x":
        return x;
      case "mul":
        return op("mul", x, int(random.int(2, 5)));
      case "add":
        return op("add", x, int(random.int(1, 9)));
      case "less":
        return op("sub", x, v("n"));
      case "more":
        return op("add", x, v("n"));
      case "abs":
        return { kind: "abs", of: x };
      case "square":
        return op("mul", x, x);
      case "div":
        return op("div", x, int(random.int(2, 5)));
      case "mod":
        return op("mod", x, int(random.int(3, 7)));
    }
  }
};
