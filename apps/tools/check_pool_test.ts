import assert from "node:assert/strict";
import { Effect } from "effect";
import { checkTool } from "./check.ts";
import { openCheckPool } from "./check_pool.ts";

const f = (n: number) => `define i32 @f(i32 %x) {\n  %y = add i32 %x, ${n}\n  ret i32 %y\n}\n`;

const inPool = <A, E>(
  work: (answer: typeof checkTool.answer) => Effect.Effect<A, E>,
): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(openCheckPool(), ({ answer }) => work(answer))));

const withoutTime = (answers: readonly object[]): object[] =>
  answers.map((answer) => ({ ...answer, ms: 0 }));

Deno.test("answers are those of the command's own checker, errors too, many at once", () =>
  inPool((answer) =>
    Effect.gen(function* () {
      const inputs = [
        { source: f(1), target: f(1) },
        { source: f(1), target: f(2) },
        { source: "no ir", target: f(1) },
        { source: f(3), target: f(3), relation: "agrees" },
        { source: f(1) },
        { target: f(1) },
      ];
      const asked = [...inputs, ...inputs, ...inputs];
      const told = yield* Effect.forEach(asked, (input) => Effect.result(answer(input)), {
        concurrency: "unbounded",
      });
      for (const [i, input] of asked.entries()) {
        const wanted = yield* Effect.result(checkTool.answer(input));
        const got = told[i]!;
        assert.equal(got._tag, wanted._tag, JSON.stringify(input));
        if (got._tag === "Success" && wanted._tag === "Success") {
          assert.deepEqual(withoutTime(got.success), withoutTime(wanted.success));
        } else if (got._tag === "Failure" && wanted._tag === "Failure") {
          assert.equal(got.failure.message, wanted.failure.message);
          assert.equal(got.failure.code, wanted.failure.code);
        }
      }
    })
  ));

Deno.test("one that is not waited for leaves its place to the next", () =>
  inPool((answer) =>
    Effect.gen(function* () {
      yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => answer({ source: f(1), target: f(1) }).pipe(Effect.timeoutOption("1 millis")),
        { concurrency: "unbounded" },
      );
      const [verdict] = yield* answer({ source: f(1), target: f(2) });
      assert.equal((verdict as { verdict: string }).verdict, "refuted");
    })
  ));
