import assert from "node:assert/strict";
import { Effect } from "effect";
import fc from "fast-check";
import { openJudge } from "../tools/judge.ts";
import { answerAgnostics } from "./agnostics.ts";

const answers = (lines: readonly unknown[]) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const tool = yield* openJudge(0);
    return yield* Effect.forEach(lines, (line) =>
      answerAgnostics(
        tool,
        "python",
        new TextEncoder().encode(typeof line === "string" ? line : JSON.stringify(line)),
      ));
  })));

Deno.test("every class of result has Agnostics' name", async () => {
  const test_cases = [{ input: "2\n", output: "4\n" }, { input: "3\n", output: "6\n" }];
  const found = await answers([
    { code: "print(2 * int(input()))", test_cases, timeout_s: 5 },
    { code: "print(4)", test_cases, timeout_s: 5, extra: "is let pass" },
    { code: "print(2 * int(inputt()))", test_cases, timeout_s: 5 },
    { code: "while True: pass", test_cases, timeout_s: 0.3 },
    { code: "print(2 * int(input()))", test_cases: [] },
    "{",
  ]);
  assert.deepEqual(found.map(({ result }) => result), [
    "success",
    "fail:wrong-output",
    "fail:error",
    "fail:timeout",
    "fail:other",
    "fail:other",
  ]);
  assert.match(found[2]?.stderr ?? "", /inputt/);
  assert.match(found[4]?.error ?? "", /test_cases/);
  assert.equal(found[3]?.error, undefined);
});

Deno.test("any line has an answer", async () => {
  const lines = fc.sample(fc.oneof(fc.json(), fc.string()), 50);
  for (const { result, error } of await answers(lines)) {
    assert.equal(result, "fail:other");
    assert.ok(error !== undefined && error !== "");
  }
});
