import type { Random } from "../random.ts";
import { drawHelper } from "./draw_helper.ts";
import { call, compare, drawArithmetic, int, op, v } from "./parts.ts";
import type { Expression, Function, Program, Statement, Type } from "./tree.ts";

/**
 * 1: conditions and arithmetic, 2: one loop, filtered and folded, 3: a helper function or a table of
 * counts in the loop, 4: a helper that calls itself or loops.
 */
export const levels = [1, 2, 3, 4] as const;
export type Level = typeof levels[number];

/** One random program of a level. */
export const draw = (random: Random, level: Level): Program => {
  if (level === 1) return { helpers: [], main: drawBranches(random) };
  const helper = level === 2 ? undefined : drawHelper(random, level === 4);
  // A third of the programs with a table need no helper to be of their level.
  const tabled = level === 3 && random.chance(0.35);
  const used = tabled ? undefined : helper;
  const main = tabled ? drawTable(random) : drawLoop(random, used);
  return { helpers: used === undefined ? [] : [used], main };
};

const drawBranches = (random: Random): Function => {
  const names = random.chance(0.4) ? ["a", "b", "c"] : ["a", "b"];
  const result: Type = random.chance(0.4) ? "bool" : "int";
  const leaf = () => v(random.pick(names));
  const condition = () => drawCondition(random, leaf);
  const value = (): Expression =>
    result === "bool"
      ? condition()
      : random.chance(0.3)
      ? drawArithmetic(random, drawArithmetic(random, leaf(), leaf), leaf)
      : drawArithmetic(random, leaf(), leaf);
  const exits = random.int(1, 2);
  const body: Statement[] = Array.from({ length: exits }, () => ({
    kind: "if",
    condition: condition(),
    then: [{ kind: "return", value: value() }],
    else: [],
  }));
  return {
    name: "f",
    parameters: names.map((name) => ({ name, type: "int" })),
    result,
    body: [...body, { kind: "return", value: value() }],
  };
};

const drawCondition = (random: Random, leaf: () => Expression): Expression => {
  const one = (): Expression =>
    random.chance(0.3)
      ? { kind: "eq", left: op("mod", leaf(), int(random.int(2, 5))), right: int(0) }
      : compare(random, leaf(), random.chance(0.5) ? leaf() : int(random.int(-3, 9)));
  switch (random.weighted({ one: 5, and: 3, or: 3, not: 1 })) {
    case "one":
      return one();
    case "and":
      return { kind: "and", left: one(), right: one() };
    case "or":
      return { kind: "or", left: one(), right: one() };
    case "not":
      return { kind: "not", of: one() };
  }
};

/** A loop over a list, a string or numbers, with what it is folded into. */
const drawLoop = (random: Random, helper: Function | undefined): Function => {
  const source = random.weighted(
    helper === undefined ? { list: 4, text: 4, count: 2 } : { list: 4, text: 0, count: 3 },
  );
  if (source === "text") return drawText(random);
  const list = source === "list";
  const item = v(list ? "x" : "i");
  const n = v("n");
  const applied = (of: Expression): Expression =>
    helper === undefined ? of : call(
      helper,
      helper.parameters.length === 1 ? [of] : [of, random.chance(0.5) ? n : int(random.int(2, 5))],
    );
  const inFilter = helper !== undefined && random.chance(0.4);
  const value = inFilter || (helper === undefined && random.chance(0.3))
    ? item
    : helper === undefined
    ? drawArithmetic(random, item, () => n)
    : random.chance(0.5)
    ? applied(item)
    : drawArithmetic(random, applied(item), () => n);
  const filter = inFilter
    ? compare(random, applied(item), random.chance(0.5) ? n : int(random.int(0, 6)))
    : random.chance(0.65)
    ? drawCondition(random, () => random.chance(0.7) ? item : n)
    : undefined;
  const fold = random.weighted({
    sum: 4,
    most: 2,
    least: 2,
    collect: 3,
    exists: 2,
    every: 2,
    count: 2,
    flip: 2,
  });
  const parameters = [list ? { name: "xs", type: "list<int>" as const } : undefined, {
    name: "n",
    type: "int" as const,
  }].filter((p) => p !== undefined);
  const loop = (body: readonly Statement[]): Statement =>
    list
      ? { kind: "each", item: "x", over: "xs", type: "list<int>", body }
      : { kind: "range", item: "i", from: 1, to: n, body };
  const when = (then: Statement, always = filter): Statement =>
    always === undefined ? then : { kind: "if", condition: always, then: [then], else: [] };
  const r = v("r");
  const start = (value: Expression, type: Type): Statement => ({
    kind: "let",
    name: "r",
    type,
    value,
  });
  const give = (value: Expression): Statement => ({ kind: "return", value });
  const set = (value: Expression): Statement => ({ kind: "set", name: "r", value });
  const last = () => random.chance(0.5) ? r : drawArithmetic(random, r, () => n);
  const test = filter ?? compare(random, value, n);
  const made = (result: Type, body: readonly Statement[]): Function => ({
    name: "f",
    parameters,
    result,
    body,
  });
  switch (fold) {
    case "sum":
      return made("int", [
        start(int(random.int(0, 9)), "int"),
        loop([when(set(op(random.chance(0.7) ? "add" : "sub", r, value)))]),
        give(last()),
      ]);
    case "flip":
      return made("int", [
        start(int(random.int(0, 9)), "int"),
        loop([when(set(op("sub", value, r)))]),
        give(last()),
      ]);
    case "most":
    case "least":
      return made("int", [
        start(int(fold === "most" ? -99 : 99), "int"),
        loop([when(set(op(fold === "most" ? "max" : "min", r, value)))]),
        give(r),
      ]);
    case "count":
      return made("int", [
        start(int(0), "int"),
        loop([when(set(op("add", r, int(random.int(1, 3)))), test)]),
        give(last()),
      ]);
    case "collect":
      return made("list<int>", [
        start({ kind: "empty", type: "list<int>" }, "list<int>"),
        loop([when({ kind: "push", list: "r", value })]),
        give(r),
      ]);
    case "exists":
    case "every": {
      const found = fold === "exists";
      const stop: Expression = found ? test : { kind: "not", of: test };
      return made("bool", [
        loop([{
          kind: "if",
          condition: stop,
          then: [give({ kind: "bool", value: found })],
          else: [],
        }]),
        give({ kind: "bool", value: !found }),
      ]);
    }
  }
};

/** A loop over the characters of a string. */
const drawText = (random: Random): Function => {
  const c = v("c");
  const letter = (): Expression => ({ kind: "char", value: random.pick(["a", "b", "c"]) });
  const is = (): Expression => ({ kind: "same", left: c, right: letter() });
  const test: Expression = random.chance(0.4)
    ? { kind: "or", left: is(), right: is() }
    : random.chance(0.4)
    ? { kind: "not", of: is() }
    : is();
  const when = (then: readonly Statement[], otherwise: readonly Statement[] = []): Statement => ({
    kind: "if",
    condition: test,
    then,
    else: otherwise,
  });
  const join = (value: Expression, before: boolean): Statement => ({
    kind: "join",
    text: "r",
    value,
    before,
  });
  const r = v("r");
  const n = v("n");
  const each = (body: readonly Statement[]): Statement => ({
    kind: "each",
    item: "c",
    over: "s",
    type: "string",
    body,
  });
  const start = (value: Expression, type: Type): Statement => ({
    kind: "let",
    name: "r",
    type,
    value,
  });
  const made = (result: Type, body: readonly Statement[], counted = false): Function => ({
    name: "f",
    parameters: [
      { name: "s", type: "string" },
      ...(counted ? [{ name: "n", type: "int" as const }] : []),
    ],
    result,
    body,
  });
  const change = (step: () => Expression): Statement => ({
    kind: "set",
    name: "r",
    value: op(random.pick(["add", "sub"] as const), r, step()),
  });
  const step = () => random.chance(0.5) ? int(random.int(1, 5)) : n;
  switch (
    random.weighted({ count: 3, score: 3, keep: 3, replace: 3, reverse: 2, length: 2, has: 2 })
  ) {
    case "count":
      return made("int", [
        start(int(0), "int"),
        each([when([{ kind: "set", name: "r", value: op("add", r, int(1)) }])]),
        { kind: "return", value: random.chance(0.5) ? r : drawArithmetic(random, r, () => n) },
      ], true);
    case "score":
      return made("int", [
        start(int(random.int(0, 5)), "int"),
        each([when([change(step)], random.chance(0.6) ? [change(step)] : [])]),
        { kind: "return", value: r },
      ], true);
    case "keep":
      return made("string", [
        start({ kind: "empty", type: "string" }, "string"),
        each([when([join(c, random.chance(0.4))])]),
        { kind: "return", value: r },
      ]);
    case "replace": {
      const before = random.chance(0.3);
      return made("string", [
        start({ kind: "empty", type: "string" }, "string"),
        each([when([join(letter(), before)], [join(c, before)])]),
        { kind: "return", value: r },
      ]);
    }
    case "reverse":
      return made("string", [
        start({ kind: "empty", type: "string" }, "string"),
        each([
          ...(random.chance(0.5) ? [when([join(letter(), random.chance(0.5))])] : []),
          join(c, true),
        ]),
        { kind: "return", value: r },
      ]);
    case "length":
      return made("int", [
        start({ kind: "length", name: "s", type: "string" }, "int"),
        each([when([change(step)])]),
        { kind: "return", value: random.chance(0.5) ? r : drawArithmetic(random, r, () => n) },
      ], true);
    case "has":
      return made("bool", [
        start(int(0), "int"),
        each([when([{ kind: "set", name: "r", value: op("add", r, int(1)) }])]),
        { kind: "return", value: compare(random, r, n) },
      ], true);
  }
};

/** A table of counts, filled from a list and then asked. */
const drawTable = (random: Random): Function => {
  const [x, n, r] = [v("x"), v("n"), v("r")];
  const key = (of: Expression): Expression =>
    random.chance(0.4) ? of : op("mod", of, int(random.int(2, 5)));
  const count: Statement = { kind: "tally", map: "m", key: key(x) };
  const each = (body: readonly Statement[]): Statement => ({
    kind: "each",
    item: "x",
    over: "xs",
    type: "list<int>",
    body,
  });
  const fill: Statement[] = [
    { kind: "let", name: "m", type: "map", value: { kind: "empty", type: "map" } },
    each([
      random.chance(0.5)
        ? count
        : { kind: "if", condition: drawCondition(random, () => x), then: [count], else: [] },
    ]),
  ];
  const made = (result: Type, rest: readonly Statement[]): Function => ({
    name: "f",
    parameters: [{ name: "xs", type: "list<int>" }, { name: "n", type: "int" }],
    result,
    body: [...fill, ...rest],
  });
  const found = (of: Expression): Expression => ({ kind: "get", map: "m", key: of });
  const start = (value: Expression, type: Type): Statement => ({
    kind: "let",
    name: "r",
    type,
    value,
  });
  const size: Expression = { kind: "length", name: "m", type: "map" };
  switch (random.weighted({ size: 2, key: 2, most: 3, once: 3, sum: 2, more: 2 })) {
    case "size":
      return made("int", [{
        kind: "return",
        value: random.chance(0.4) ? size : drawArithmetic(random, size, () => n),
      }]);
    case "key":
      return made("int", [{ kind: "return", value: drawArithmetic(random, found(n), () => size) }]);
    case "most":
      return made("int", [
        start(int(0), "int"),
        each([{ kind: "set", name: "r", value: op("max", r, found(key(x))) }]),
        { kind: "return", value: random.chance(0.5) ? r : drawArithmetic(random, r, () => n) },
      ]);
    case "once":
      return made("list<int>", [
        start({ kind: "empty", type: "list<int>" }, "list<int>"),
        each([{
          kind: "if",
          condition: compare(random, found(key(x)), random.chance(0.5) ? int(random.int(1, 2)) : n),
          then: [{ kind: "push", list: "r", value: x }],
          else: [],
        }]),
        { kind: "return", value: r },
      ]);
    case "sum":
      return made("int", [
        start(int(0), "int"),
        {
          kind: "range",
          item: "i",
          from: 0,
          to: n,
          body: [{
            kind: "set",
            name: "r",
            value: op("add", r, op("mul", v("i"), found(v("i")))),
          }],
        },
        { kind: "return", value: r },
      ]);
    case "more":
      return made("bool", [{ kind: "return", value: compare(random, size, n) }]);
  }
};
