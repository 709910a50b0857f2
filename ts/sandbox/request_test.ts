import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeJudgeRequest, SandboxError } from "./mod.ts";

const good = {
  language: "python",
  code: "def f(x): return x",
  function: "f",
  cases: [{ arguments: [1], result: 1 }],
};

const complaint = (input: unknown): string => {
  try {
    decodeJudgeRequest(input);
  } catch (error) {
    assert.ok(error instanceof SandboxError);
    assert.equal(error.code, "bad-request");
    return error.message;
  }
  return assert.fail(`accepted: ${JSON.stringify(input)}`);
};

Deno.test("a request is read from an object and from text, which keeps every digit", () => {
  assert.deepEqual(decodeJudgeRequest(good), good);
  const text =
    '{"language":"c","code":"","function":"f","cases":[{"arguments":[123456789012345678901],"result":1.5}]}';
  assert.equal(decodeJudgeRequest(text).cases?.[0]?.arguments[0], 123456789012345678901n);
});

Deno.test("faults name the key", () => {
  assert.match(complaint({ ...good, langauge: "c" }), /langauge/);
  assert.match(complaint({ ...good, language: "cobol" }), /language/);
  assert.match(complaint({ ...good, code: 3 }), /code/);
  assert.match(complaint({ ...good, limits: { cpu_s: 0 } }), /cpu_s/);
  assert.match(complaint({ ...good, limits: { cpu: 1 } }), /cpu/);
  assert.match(complaint({ ...good, cases: [{ arguments: [1] }] }), /result/);
  assert.match(complaint({ ...good, cases: [] }), /cases/);
  assert.match(complaint({ ...good, function: undefined }), /function/);
  assert.match(complaint({ ...good, function: "f(); import os" }), /function/);
  assert.match(complaint({ ...good, compare: "tokens" }), /compare/);
  assert.match(complaint({ language: "c", code: "" }), /exactly one/);
  assert.match(complaint({ ...good, test_program: "assert f(1) == 1" }), /exactly one/);
  assert.match(complaint({ language: "c", code: "", tests: [{ stdin: "1" }] }), /stdout/);
  assert.match(complaint("{"), /JSON/);
  assert.match(complaint(null), /object/);
});

Deno.test("nothing but a request is accepted, and nothing else is thrown", () => {
  const field = fc.constantFrom(
    "language",
    "code",
    "tests",
    "compare",
    "function",
    "cases",
    "test_program",
    "limits",
    "stop_at_first",
    "__proto__",
    "other",
  );
  fc.assert(fc.property(fc.dictionary(field, fc.jsonValue()), fc.boolean(), (fields, asText) => {
    const input = { ...good, ...fields };
    try {
      const request = decodeJudgeRequest(asText ? JSON.stringify(input) : input);
      assert.equal(typeof request.language, "string");
      assert.equal(Object.hasOwn(request, "other"), false);
    } catch (error) {
      assert.ok(error instanceof SandboxError, String(error));
    }
  }));
  fc.assert(fc.property(fc.string(), (text) => {
    assert.throws(() => decodeJudgeRequest(text), SandboxError);
  }));
  let deep: unknown = 1;
  for (let at = 0; at < 5000; at++) deep = [deep];
  assert.match(complaint({ ...good, cases: [{ arguments: [deep], result: 1 }] }), /deep/);
});
