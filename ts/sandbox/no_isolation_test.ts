import assert from "node:assert/strict";
import { Effect } from "effect";
import { Sandbox } from "./mod.ts";

Deno.test("without isolation programs are judged all the same, and every verdict says so", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const sandbox = yield* Sandbox;
      const cases = [{ arguments: [20, 22], result: 42 }];
      const functions: Record<string, string> = {
        python: "def f(a, b): return a + b",
        javascript: "function f(a, b) { return a + b }",
        c: "int f(int a, int b) { return a + b; }",
        lua: "function f(a, b) return a + b end",
      };
      for (const [language, code] of Object.entries(functions)) {
        if (!(yield* sandbox.available(language))) {
          console.warn(`SKIPPED: ${language} is not installed`);
          continue;
        }
        const judgement = yield* sandbox.judge({ language, code, function: "f", cases });
        assert.equal(judgement.verdict, "pass", `${language}: ${JSON.stringify(judgement)}`);
        assert.equal(judgement.isolation, "none");
      }
      const started = performance.now();
      const judgement = yield* sandbox.judge({
        language: "python",
        code: "import os, time\nos.fork()\nwhile True: pass",
        tests: [{ stdout: "" }],
        limits: { cpu_s: 0.5 },
      });
      assert.equal(judgement.verdict, "time-limit");
      assert.ok(performance.now() - started < 20_000);
    }).pipe(Effect.provide(Sandbox.layer({ unsafe_no_isolation: true }))),
  ));

Deno.test("with isolation nothing is said of it", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const judgement = yield* (yield* Sandbox).judge({
        language: "python",
        code: "print(1)",
        tests: [{ stdout: "1" }],
      });
      assert.equal(judgement.verdict, "pass");
      assert.ok(!("isolation" in judgement));
    }).pipe(Effect.provide(Sandbox.layer())),
  ));
