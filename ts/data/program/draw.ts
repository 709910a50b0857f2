import type { Random } from "../random.ts";
import { isMultiple, rewrite } from "./tree.ts";
import type { Comparison, Condition, Expression, Operator, Statement, Tree } from "./tree.ts";

/** Weights of the three kinds of program, per draw. */
export const kindWeights = { list: 5, range: 2, branch: 3 } as const;
export type Kind = keyof typeof kindWeights;

/** One random program; every constant has one digit, but for the two extrema's starts (99, -99). */
export const draw = (random: Random, kind: Kind = random.weighted(kindWeights)): Tree => {
  const tree = { list: drawList, range: drawRange, branch: drawBranch }[kind](random);
  const used = namesIn(tree.body);
  return { ...tree, parameters: tree.parameters.filter((p) => used.has(p.name)) };
};

/** The same family with other constants: the starts of extrema (99, -99) and comparisons with 0 stay. */
export const redraw = (tree: Tree, random: Random): Tree => {
  const constant = (e: Expression, low: number, high: number): Expression =>
    e.kind === "int" && Math.abs(e.value) !== 99 ? int(random.int(low, high)) : e;
  return rewrite(tree, {
    expression: (e) => {
      if (e.kind === "var" || e.kind === "int" || e.kind === "abs") return e;
      const right = e.kind === "div"
        ? constant(e.right, 2, 5)
        : e.kind === "mod"
        ? constant(e.right, 2, 9)
        : constant(e.right, 1, e.kind === "mul" ? 5 : 9);
      return { ...e, right };
    },
    condition: (c) => isMultiple(c) ? c : { ...c, right: constant(c.right, 1, 9) },
    statement: (s) => s.kind === "let" ? { ...s, value: constant(s.value, 0, 9) } : s,
  });
};

const v = (name: string): Expression => ({ kind: "var", name });
const int = (value: number): Expression => ({ kind: "int", value });
const op = (kind: Operator, left: Expression, right: Expression): Expression => ({
  kind,
  left,
  right,
});
const set = (name: string, value: Expression): Statement => ({ kind: "set", name, value });
const start = (name: string, value: number): Statement => ({
  kind: "let",
  name,
  value: int(value),
});
const give = (value: Expression): Statement => ({ kind: "return", value });

const orders: readonly Comparison[] = ["gt", "lt", "ge", "le"];
const multiple = (name: string, random: Random): Condition => ({
  op: "eq",
  left: op("mod", v(name), int(random.int(2, 5))),
  right: int(0),
});

/** `f(xs, n)`: optional filter, map, fold, last step. */
const drawList = (random: Random): Tree => {
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

/** The expression that is returned after a loop over `r`. */
const drawLast = (random: Random, parameter: string): Expression => {
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

/** `f(a, n)`: counts over `1..n` or `0..n` without n. */
const drawRange = (random: Random): Tree => {
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

/** `f(a, b)` without a loop: two or three exits, or a value that a condition changes. */
const drawBranch = (random: Random): Tree => {
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

/** Names that are read, so that a signature holds no parameter that the program ignores. */
const namesIn = (statements: readonly Statement[]): ReadonlySet<string> => {
  const names = new Set<string>();
  const expression = (e: Expression): void => {
    if (e.kind === "var") names.add(e.name);
    else if (e.kind === "abs") expression(e.of);
    else if (e.kind !== "int") (expression(e.left), expression(e.right));
  };
  const walk = (s: Statement): void => {
    if (s.kind === "if") {
      expression(s.condition.left);
      expression(s.condition.right);
      s.then.forEach(walk);
      s.else.forEach(walk);
    } else if (s.kind === "each") (names.add(s.list), s.body.forEach(walk));
    else if (s.kind === "range") (names.add(s.to), s.body.forEach(walk));
    else expression(s.value);
  };
  statements.forEach(walk);
  return names;
};
