import { Effect } from "effect";
import { createHash } from "node:crypto";
import { compileFailure, evidenceOf, failureOf } from "./evidence.ts";
import { judgementOf, type VerdictClass } from "./judgement.ts";
import type { Language } from "./languages/language.ts";
import { resolveLimits } from "./limits.ts";
import type { JudgeRequest } from "./request.ts";
import type { Program, Run, Runner } from "./runner.ts";
import { spoils } from "./spoil.ts";

/**
 * Code with a test program of assertions. It passes when a random word printed after the last assertion comes back and
 * the exit is clean, every time; and when the same code fails with a spoiled expectation, every time. Else it
 * would pass whatever is expected, or by chance, and is `forbidden`. Tests in which nothing can be spoiled cannot be
 * trusted, and are `infrastructure`.
 */
export const judgeAssertions = Effect.fnUntraced(function* (
  runner: Runner,
  program: Program,
  request: JudgeRequest,
) {
  const { language } = program.toolchain;
  const limits = resolveLimits(request.limits);
  const test = request.test_program ?? "";
  // Which comes first is nothing that the code can know, and the same request is always judged alike.
  const seed = createHash("sha256").update(test).update("\0").update(request.code).digest();
  const spoiled = shuffled(spoils(test, language.name), seed);
  if (spoiled.length === 0) {
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
  const [first] = judgement.tests;
  if (judgement.verdict !== "pass" || first === undefined) return judgement;
  const but = (verdict: VerdictClass, stderr: string) =>
    judgementOf([{ ...first, verdict, stderr }], judgement.compile);
  // Built ones are tried less: building is what costs.
  const most = program.toolchain.compile === undefined ? 8 : 2;
  const tried: string[] = [];
  for (const each of spoiled) {
    if (tried.length === most) break;
    const again = yield* attempt(each);
    if (again.verdict === "pass") {
      return but("forbidden", "it passes with a spoiled expectation too");
    }
    if (again.verdict === "infrastructure") {
      return but("infrastructure", again.tests[0]?.stderr ?? "");
    }
    // What cannot be built says nothing of the code: then another expectation has to.
    if (again.verdict !== "compile-error") tried.push(each);
  }
  if (tried.length === 0) {
    return but("infrastructure", "the test program cannot be built with a spoiled expectation");
  }
  // A coin passes the one and fails the other once in four times, and all of these less than once in a hundred.
  const more = Array.from(
    { length: Math.max(0, 4 - tried.length) },
    (_, at) => tried[at % tried.length] ?? "",
  );
  for (const each of shuffled([test, test, ...more], seed.subarray(4))) {
    const again = yield* attempt(each);
    if (each === test && again.verdict !== "pass") {
      return again.verdict === "wrong-answer" || again.verdict === "runtime-error"
        ? but("forbidden", `it passes by chance: the same test ended as ${again.verdict} later`)
        : again;
    }
    if (each !== test && again.verdict === "pass") {
      return but("forbidden", "it passes with a spoiled expectation too");
    }
  }
  return judgement;
});

const shuffled = <A>(items: readonly A[], seed: Uint8Array): readonly A[] => {
  const found = [...items];
  for (let at = found.length - 1; at > 0; at--) {
    const other = (seed[at % seed.length] ?? 0) % (at + 1);
    [found[at], found[other]] = [found[other] as A, found[at] as A];
  }
  return found;
};

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
