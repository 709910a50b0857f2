import type { Random } from "../random.ts";
import { compare, drawArithmetic, int, op, v } from "./parts.ts";
import type { Expression, Function, Statement } from "./tree.ts";

/** `g(a)` or `g(a, b)`: plain, or one that calls itself or loops until something is used up. */
export const drawHelper = (random: Random, repeating: boolean): Function =>
  repeating ? random.chance(0.65) ? drawRecursive(random) : drawWhile(random) : drawPlain(random);

const give = (value: Expression): Statement => ({ kind: "return", value });
const exit = (condition: Expression, value: Expression): Statement => ({
  kind: "if",
  condition,
  then: [give(value)],
  else: [],
});
const a = v("a");
const b = v("b");

const made = (names: readonly string[], body: readonly Statement[]): Function => ({
  name: "g",
  parameters: names.map((name) => ({ name, type: "int" })),
  result: "int",
  body,
});

const drawPlain = (random: Random): Function => {
  const two = random.chance(0.5);
  const other = () => two ? b : int(random.int(1, 9));
  const value = () => drawArithmetic(random, a, other);
  const condition = random.chance(0.3)
    ? { kind: "eq" as const, left: op("mod", a, int(random.int(2, 4))), right: int(0) }
    : compare(random, a, other());
  return made(
    two ? ["a", "b"] : ["a"],
    random.chance(0.75) ? [exit(condition, value()), give(value())] : [give(value())],
  );
};

const again = (...args: readonly Expression[]): Expression => ({
  kind: "call",
  name: "g",
  arguments: args,
});

/** Ends because the first argument falls to the border of the first line. */
const drawRecursive = (random: Random): Function => {
  const small = random.int(1, 3);
  const base = int(random.int(0, 5));
  const low: Expression = { kind: "lt", left: a, right: int(small) };
  const less = op("sub", a, int(random.int(1, 2)));
  const digit = op("mod", a, int(10));
  const rest = op("div", a, int(10));
  switch (random.weighted({ digits: 3, chain: 3, two: 2, halves: 2, divisor: 2, parity: 3 })) {
    case "digits": {
      // Of the number's digits: sum, product plus one, largest, how many meet a condition.
      const low: Expression = { kind: "lt", left: a, right: int(10) };
      const below = random.chance(0.3) ? drawArithmetic(random, a, () => base) : a;
      const kind = random.pick(["add", "max", "min", "sub"] as const);
      const own = random.chance(0.4) ? drawArithmetic(random, digit, () => base) : digit;
      return made(["a"], [
        exit({ kind: "lt", left: a, right: int(0) }, base),
        exit(low, below),
        give(op(kind, again(rest), own)),
      ]);
    }
    case "chain":
      return made(["a"], [
        exit(low, base),
        give(op(
          random.pick(["add", "sub"] as const),
          random.chance(0.5) ? again(less) : op("mul", again(less), int(random.int(2, 3))),
          drawArithmetic(random, a, () => base),
        )),
      ]);
    case "two":
      return made(["a"], [
        exit(low, random.chance(0.5) ? a : base),
        give(op(
          "mod",
          op(
            random.pick(["add", "sub"] as const),
            again(op("sub", a, int(1))),
            again(op("sub", a, int(2))),
          ),
          int(random.pick([97, 101, 13])),
        )),
      ]);
    case "halves":
      return made(["a"], [
        exit(low, base),
        give(op(
          random.pick(["add", "max"] as const),
          again(op("div", a, int(random.int(2, 3)))),
          random.chance(0.5) ? int(random.int(1, 4)) : op("mod", a, int(random.int(2, 5))),
        )),
      ]);
    case "divisor": {
      // Euclid's, or what is like it.
      const next = again(b, op("mod", a, b));
      return made(["a", "b"], [
        exit(
          { kind: "le", left: b, right: int(0) },
          random.chance(0.5) ? { kind: "abs", of: a } : a,
        ),
        give(random.chance(0.5) ? next : op("add", next, int(random.int(1, 3)))),
      ]);
    }
    case "parity": {
      const even: Expression = {
        kind: "eq",
        left: op("mod", a, int(random.int(2, 3))),
        right: int(0),
      };
      return made(["a"], [
        exit(low, base),
        exit(
          even,
          op(
            random.pick(["add", "sub"] as const),
            again(op("div", a, int(2))),
            int(random.int(1, 3)),
          ),
        ),
        give(
          op(
            random.pick(["add", "sub"] as const),
            again(less),
            drawArithmetic(random, a, () => base),
          ),
        ),
      ]);
    }
  }
};

/** A loop that uses its argument up. */
const drawWhile = (random: Random): Function => {
  const r = v("r");
  const by = random.int(2, 10);
  const digit = op("mod", a, int(by));
  const step = random.pick(["add", "sub", "max"] as const);
  const kept = random.chance(0.4)
    ? drawArithmetic(random, digit, () => int(random.int(1, 4)))
    : digit;
  const value = random.chance(0.3) ? int(1) : kept;
  const shrink: Statement = { kind: "set", name: "a", value: op("div", a, int(by)) };
  const fold: Statement = { kind: "set", name: "r", value: op(step, r, value) };
  const filtered: Statement = random.chance(0.4)
    ? {
      kind: "if",
      condition: compare(random, digit, int(random.int(1, 4))),
      then: [fold],
      else: [],
    }
    : fold;
  return made(["a"], [
    { kind: "let", name: "r", type: "int", value: int(random.int(0, 3)) },
    {
      kind: "while",
      condition: { kind: "gt", left: a, right: int(0) },
      body: [filtered, shrink],
    },
    give(r),
  ]);
};
