import assert from "node:assert/strict";
import fc from "fast-check";
import { sameOutput } from "./compare.ts";
import { type Json, parseJson, printJson, sameJson } from "./json.ts";

Deno.test("lines forgive white space at their ends only", () => {
  assert.ok(sameOutput("a \nb\n\n", "a\nb"));
  assert.ok(!sameOutput(" a", "a"));
  assert.ok(!sameOutput("a\n\nb", "a\nb"));
  assert.ok(!sameOutput("a ", "a", "exact"));
  assert.ok(sameOutput(" a\n b", "a b\n", "tokens"));
});

Deno.test("floats: a tolerance relative above 1 and absolute below; NaN and Inf equal nothing", () => {
  const compare = { float: 1e-6 };
  assert.ok(sameOutput("1000000.5", "1000000", compare));
  assert.ok(!sameOutput("1.00001", "1", compare));
  assert.ok(sameOutput("0.0000005", "0", compare));
  assert.ok(sameOutput("x 1e0", "x 1.0", compare));
  for (const none of ["nan", "NaN", "inf", "-Infinity"]) {
    assert.ok(!sameOutput(none, none, compare));
    assert.ok(!sameOutput(none, "1", compare));
  }
  assert.ok(!sameOutput("1 2", "1", compare));
  assert.ok(!sameOutput("1", "1 2", compare));
});

Deno.test("JSON values equal themselves after a way through text, and nothing else", () => {
  const value: fc.Arbitrary<Json> = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.constant(null),
      fc.boolean(),
      fc.bigInt(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      fc.array(tie("node")),
      fc.dictionary(fc.string(), tie("node")),
    ),
  })).node as fc.Arbitrary<Json>;
  fc.assert(fc.property(value, (json) => {
    assert.ok(sameJson(parseJson(printJson(json)), json));
    assert.ok(!sameJson([json], json));
    assert.ok(!sameJson(json, { other: json }));
  }));
  fc.assert(fc.property(fc.bigInt(), (n) => assert.ok(!sameJson(n + 1n, n))));
});

Deno.test("a language's looseness is its own", () => {
  assert.ok(!sameJson(1, true));
  assert.ok(sameJson(1, true, { booleans: true }));
  assert.ok(!sameJson(2, true, { booleans: true }));
  assert.ok(!sameJson("5", 5));
  assert.ok(sameJson("5", 5, { scalars: true }));
  assert.ok(sameJson("", false, { scalars: true }));
  assert.ok(!sameJson("5x", 5, { scalars: true }));
  assert.ok(!sameJson({}, []));
  assert.ok(sameJson({}, [], { containers: true }));
  assert.ok(sameJson("1 2\n3", [1, 2, 3], { scalars: true, words: true }));
  assert.ok(!sameJson(null, 0, { scalars: true, booleans: true, containers: true }));
});
