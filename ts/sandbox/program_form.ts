import { Effect } from "effect";
import { createHash } from "node:crypto";
import { compileFailure, evidenceOf, failureOf } from "./evidence.ts";
import { judgementOf } from "./judgement.ts";
import type { Language } from "./languages/language.ts";
import { resolveLimits } from "./limits.ts";
import type { JudgeRequest } from "./request.ts";
import type { Program, Run, Runner } from "./runner.ts";
import { spoil } from "./spoil.ts";

/**
 * Code with a test program of assertions. It passes when a random word printed after the last assertion comes back
 * and the exit is clean, and when the same code with one spoiled expectation fails: else it would pass whatever was
 * expected, and is `forbidden`. Tests in which nothing can be spoiled cannot be trusted, and are `infrastructure`.
 */
export const judgeAssertions = Effect.fnUntraced(function* (
  runner: Runner,
  program: Program,
  request: JudgeRequest,
) {
  const { language } = program.toolchain;
  const limits = resolveLimits(request.limits);
  const test = request.test_program ?? "";
  // Any expectation will do, as long as the code cannot know which, and the same request is always judged alike.
  const seed = createHash("sha256").update(test).update("\0").update(request.code).digest()
    .readUInt32LE();
  const spoiled = spoil(test, language.name, seed);
  if (spoiled === undefined) {
    return judgementOf([{
      verdict: "infrastructure",
      cpu_ms: 0,
      wall_ms: 0,
      memory_kb: 0,
      stderr: "no expectation was found in the test program that could be spoiled",
    }]);
  }
  const attempt = Effect.fnUntraced(function* (test: string) {
    const nonce = runner.word(`${test}\0${request.code}`);
    const text = test.includes(marker)
      ? test.replace(marker, () => request.code)
      : language.join?.(request.code, test) ?? `${request.code}\n${test}`;
    const whole = language.finish(text, nonce);
    const files = { [language.source]: language.prepare?.(whole) ?? whole };
    const built = yield* runner.build(program, files);
    const failure = built === undefined ? undefined : compileFailure(built, language);
    if (failure !== undefined) return failure;
    const compile = built === undefined ? undefined : { ok: true, message: "" };
    const run = yield* runner.run(program, { limits });
    return judgementOf([evidenceOf(run, verdictOf(run, nonce, language))], compile);
  });
  const judgement = yield* attempt(test);
  if (judgement.verdict !== "pass") return judgement;
  const again = yield* attempt(spoiled);
  if (again.verdict !== "pass" && again.verdict !== "infrastructure") return judgement;
  const [first] = judgement.tests;
  return first === undefined ? judgement : judgementOf([{
    ...first,
    verdict: again.verdict === "pass" ? "forbidden" : "infrastructure",
    stderr: again.verdict === "pass"
      ? "it passes with a spoiled expectation too"
      : again.tests[0]?.stderr ?? "",
  }], judgement.compile);
});

const marker = "{{code}}";

const verdictOf = (run: Run, nonce: string, language: Language) => {
  const failure = failureOf(run, language);
  if ("fault" in run) return "infrastructure" as const;
  const failed = assertion.test(run.stderr) || /^--- FAIL: /m.test(run.stdout);
  if (failure === "runtime-error" && failed) return "wrong-answer" as const;
  if (failure !== undefined) return failure;
  if (language.assertionFailed?.test(run.stderr)) return "wrong-answer" as const;
  return run.stdout.split("\n").includes(nonce) ? "pass" as const : "runtime-error" as const;
};

/** How failed assertions complain, in the languages and in the styles of tests. */
const assertion =
  /assert|did not pass|failed to pass|Error at (\d+(st|nd|rd|th) assert|test case)|not equal/i;
