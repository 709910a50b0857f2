import assert from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../random.ts";
import { draw, redraw } from "./draw.ts";
import { interpret, Undefined } from "./interpret.ts";
import { generatorLanguages, print } from "./print.ts";
import { misread, printSlipped, readingSlips } from "./slips.ts";
import { statementOf } from "./statement.ts";
import { constructs, family, shape } from "./tree.ts";
import type { Expression, Tree } from "./tree.ts";

const v = (name: string): Expression => ({ kind: "var", name });
const int = (value: number): Expression => ({ kind: "int", value });

/** `f(a) = a OP 3` */
const one = (kind: "div" | "mod" | "mul"): Tree => ({
  name: "f",
  parameters: [{ name: "a", type: "int" }],
  body: [{ kind: "return", value: { kind, left: v("a"), right: int(3) } }],
});

Deno.test("div truncates and mod floors; the slipped readings are the other two", () => {
  assert.deepEqual([-7, -6, -1, 0, 1, 7].map((a) => interpret(one("div"), [a])), [
    -2,
    -2,
    0,
    0,
    0,
    2,
  ]);
  assert.deepEqual([-7, -6, -1, 0, 1, 7].map((a) => interpret(one("mod"), [a])), [
    2,
    0,
    2,
    0,
    1,
    1,
  ]);
  assert.equal(interpret(one("div"), [-7], { div: "floored" }), -3);
  assert.equal(interpret(one("mod"), [-7], { mod: "truncated" }), -1);
});

Deno.test("a result or an intermediate outside 32 bits is undefined, and so is a zero divisor", () => {
  assert.throws(
    () => interpret(one("mul"), [2 ** 30]),
    (e) => e instanceof Undefined && e.why === "overflow",
  );
  const zero: Tree = {
    ...one("div"),
    body: [{ kind: "return", value: { kind: "mod", left: int(1), right: int(0) } }],
  };
  assert.throws(
    () => interpret(zero, [1]),
    (e) => e instanceof Undefined && e.why === "zero-divisor",
  );
});

Deno.test("every language prints its own idiom of division and remainder", () => {
  const printed = (kind: "div" | "mod", slip: boolean): Record<string, string> =>
    Object.fromEntries(generatorLanguages.map((language) => {
      const code = print(one(kind), language, slip ? new Set([kind]) : new Set());
      return [language, /return ([^;\n]*)/.exec(code)?.[1] ?? ""];
    }));
  assert.deepEqual(printed("div", false), {
    python: "int(a / 3)",
    javascript: "Math.trunc(a / 3)",
    lua: "(a - math.fmod(a, 3)) // 3",
    c: "a / 3",
    perl: "int($a / 3)",
    php: "intdiv($a, 3)",
  });
  assert.deepEqual(printed("mod", false), {
    python: "a % 3",
    javascript: "(a % 3 + 3) % 3",
    lua: "a % 3",
    c: "(a % 3 + 3) % 3",
    perl: "$a % 3",
    php: "($a % 3 + 3) % 3",
  });
  assert.equal(printed("div", true)["python"], "a // 3");
  assert.equal(printed("mod", true)["c"], "a % 3");
});

Deno.test("parentheses keep the tree: what JavaScript reads back computes what the interpreter does", () => {
  const expression: fc.Arbitrary<Expression> = fc.letrec<{ e: Expression }>((tie) => ({
    e: fc.oneof(
      { maxDepth: 4 },
      fc.integer({ min: 1, max: 9 }).map(int),
      fc.constantFrom(v("a"), v("b")),
      tie("e").map((of): Expression => ({ kind: "abs", of })),
      fc.tuple(fc.constantFrom("add", "sub", "mul", "max", "min"), tie("e"), tie("e")).map((
        [kind, left, right],
      ): Expression => ({ kind, left, right } as Expression)),
      fc.tuple(fc.constantFrom("div", "mod"), tie("e"), fc.integer({ min: 2, max: 9 })).map((
        [kind, left, k],
      ): Expression => ({ kind, left, right: int(k) } as Expression)),
    ),
  })).e;
  fc.assert(
    fc.property(
      expression,
      fc.integer({ min: -9, max: 9 }),
      fc.integer({ min: -9, max: 9 }),
      (e, a, b) => {
        const tree: Tree = {
          name: "f",
          parameters: [{ name: "a", type: "int" }, { name: "b", type: "int" }],
          body: [{ kind: "return", value: e }],
        };
        let expected: number;
        try {
          expected = interpret(tree, [a, b]);
        } catch {
          return;
        }
        const f = new Function(`${print(tree, "javascript")}; return f`)() as (
          a: number,
          b: number,
        ) => number;
        assert.equal(f(a, b) + 0, expected, print(tree, "javascript"));
      },
    ),
    { numRuns: 500, seed: 1 },
  );
});

Deno.test("drawn programs: JavaScript's print runs as the interpreter says", () => {
  for (let i = 0; i < 300; i++) {
    const random = new Random("programs").fork(i);
    const tree = draw(random);
    const f = new Function(`${print(tree, "javascript")}; return f`)() as (
      ...args: unknown[]
    ) => number;
    for (let k = 0; k < 5; k++) {
      const args = tree.parameters.map((p) =>
        p.type === "int"
          ? (p.name === "n" ? random.int(0, 6) : random.int(-9, 9))
          : Array.from({ length: random.int(0, 5) }, () => random.int(-9, 9))
      );
      assert.equal(f(...args) + 0, interpret(tree, args), print(tree, "javascript"));
    }
  }
});

Deno.test("a family survives other constants and differs with an operator", () => {
  for (let i = 0; i < 200; i++) {
    const random = new Random("family").fork(i);
    const tree = draw(random);
    assert.equal(family(redraw(tree, random)), family(tree));
  }
  assert.notEqual(family(one("div")), family(one("mod")));
  assert.equal(shape(one("div")), "(int) (return (div v c))");
});

Deno.test("drawing is a function of the seed, and statements name every parameter", () => {
  for (let i = 0; i < 50; i++) {
    const tree = draw(new Random("seed").fork(i));
    assert.deepEqual(draw(new Random("seed").fork(i)), tree);
    const statement = statementOf(tree);
    for (const p of tree.parameters) assert.match(statement, new RegExp(`\\b${p.name}\\b`));
  }
});

Deno.test("each reading slip changes the tree where it applies and only there", () => {
  const applied = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const tree = draw(new Random("slips").fork(i));
    for (const slip of readingSlips) {
      const wrong = misread(tree, slip);
      if (wrong === undefined) continue;
      applied.add(slip);
      assert.notDeepEqual(wrong, tree);
      if (slip === "else") {
        assert.ok(constructs(tree).has("else") && !constructs(wrong).has("else"));
      }
    }
  }
  assert.deepEqual([...applied].sort(), [...readingSlips].sort());
});

Deno.test("planted slips are named, and text without a slip is the clean text", () => {
  let slipped = 0;
  for (let i = 0; i < 400; i++) {
    const random = new Random("planted").fork(i);
    const tree = draw(random);
    for (const language of generatorLanguages) {
      const planted = printSlipped(tree, language, random);
      const same = planted.code === print(tree, language);
      if (planted.slips.length === 0) assert.ok(same, planted.code);
      else slipped++;
    }
  }
  // The rates of the table give a little over half; far from it, a rate is not applied.
  assert.ok(slipped > 2400 * 0.4 && slipped < 2400 * 0.65, `${slipped} of 2400 programs slipped`);
});
