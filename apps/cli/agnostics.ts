import { Effect, Schema, Stream } from "effect";
import process from "node:process";
import { languages as known, type VerdictClass } from "../../ts/sandbox/mod.ts";
import { asUserError, decodeInput, parseExact, stringifyExact, UserError } from "../tools/mod.ts";
import type { JudgeTool } from "../tools/judge.ts";
import { linesOf } from "./batch.ts";
import { ExitWith } from "./exit.ts";
import { writeOut } from "./output.ts";

const Text = Schema.String.check(Schema.isMaxLength(4 * 1024 * 1024));

/** A line as Agnostics sends it to an executor; what else it carries is not looked at. */
const Request = Schema.Struct({
  code: Text,
  test_cases: Schema.NonEmptyArray(Schema.Struct({ input: Text, output: Text })),
  timeout_s: Schema.optionalKey(
    Schema.Finite.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(600)),
  ),
});

type Result = "success" | "fail:wrong-output" | "fail:error" | "fail:timeout" | "fail:other";

const DEFAULT_TIMEOUT_S = 15;

/**
 * Agnostics' wire: one executor a language, one line of JSON in, one out, in the same order. Exit 2 where a line was none.
 * Only the sandbox's own faults are `fail:other`.
 */
export const runAgnostics = (
  tool: JudgeTool,
  language: string,
  lines: AsyncIterable<Uint8Array> = linesOf(process.stdin),
): Effect.Effect<void, ExitWith | UserError> =>
  Effect.gen(function* () {
    if (!known.has(language)) {
      const message = `no language named "${language}"; expected one of ${
        [...known.keys()].join(", ")
      }`;
      return yield* new UserError({ code: "bad-usage", message });
    }
    let bad = 0;
    yield* Stream.fromAsyncIterable(lines, asUserError).pipe(
      Stream.mapEffect((line) => answerAgnostics(tool, language, line), {
        concurrency: tool.concurrency,
      }),
      Stream.runForEach((answer) => {
        if ("error" in answer) bad++;
        return writeOut(stringifyExact(answer) + "\n");
      }),
    );
    if (bad > 0) return yield* new ExitWith({ exit: 2 });
  });

export const answerAgnostics = (
  tool: JudgeTool,
  language: string,
  line: Uint8Array,
): Effect.Effect<{ readonly result: Result; readonly error?: string; readonly stderr?: string }> =>
  Effect.gen(function* () {
    const value = yield* Effect.try({
      try: () => parseExact(new TextDecoder("utf-8", { fatal: true }).decode(line)),
      catch: asUserError,
    });
    const { code, test_cases, timeout_s = DEFAULT_TIMEOUT_S } = yield* Effect.fromResult(
      decodeInput(Request, only(value, ["code", "test_cases", "timeout_s"])),
    );
    const [judgement] = yield* tool.answer({
      language,
      code,
      tests: test_cases.map(({ input, output }) => ({ stdin: input, stdout: output })),
      // The time is all that it limits.
      limits: { wall_s: timeout_s, cpu_s: timeout_s, memory_mb: 1024, output_kb: 5 * 1024 },
      stop_at_first: true,
    }) as Effect.Effect<
      readonly { verdict: VerdictClass; tests: readonly { stderr?: string }[] }[],
      UserError
    >;
    const result = results[judgement?.verdict ?? "infrastructure"];
    const stderr = judgement?.tests.at(-1)?.stderr;
    return { result, ...(result === "success" || stderr === undefined ? {} : { stderr }) };
  }).pipe(
    Effect.catch((error) =>
      Effect.succeed({ result: "fail:other" as const, error: error.message })
    ),
  );

const results: Readonly<Record<VerdictClass, Result>> = {
  "pass": "success",
  "wrong-answer": "fail:wrong-output",
  "output-limit": "fail:wrong-output",
  "time-limit": "fail:timeout",
  "compile-error": "fail:error",
  "runtime-error": "fail:error",
  "memory-limit": "fail:error",
  "forbidden": "fail:error",
  "infrastructure": "fail:other",
};

const only = (value: unknown, keys: readonly string[]): unknown =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)));
