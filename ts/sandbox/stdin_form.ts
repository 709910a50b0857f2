import { Effect } from "effect";
import { type Compare, sameOutput } from "./compare.ts";
import { evidenceOf, failureOf } from "./evidence.ts";
import type { TestJudgement } from "./judgement.ts";
import { resolveLimits } from "./limits.ts";
import type { JudgeRequest } from "./request.ts";
import type { Program, Runner } from "./runner.ts";
import type { SpecialJudge } from "./special_judge.ts";

/** Standard input and output: one process a test, and the expected output stays here. */
export const judgeOutputs = Effect.fnUntraced(function* (
  runner: Runner,
  program: Program,
  request: JudgeRequest,
  special: SpecialJudge | undefined,
) {
  const limits = resolveLimits(request.limits);
  const one = Effect.fnUntraced(function* (test: NonNullable<JudgeRequest["tests"]>[number]) {
    const run = yield* runner.run(program, {
      limits,
      args: test.args ?? [],
      stdin: test.stdin ?? "",
    });
    const failure = failureOf(run, program.toolchain.language);
    if (failure !== undefined || "fault" in run) {
      return evidenceOf(run, failure ?? "infrastructure");
    }
    if (special !== undefined) {
      const answer = { input: test.stdin ?? "", output: run.stdout, expected: test.stdout };
      return { ...evidenceOf(run, "pass"), ...yield* special(answer) };
    }
    const compare = request.compare as Compare | undefined;
    return evidenceOf(
      run,
      sameOutput(run.stdout, test.stdout, compare) ? "pass" : "wrong-answer",
    );
  });
  const tests = request.tests ?? [];
  if (!request.stop_at_first) {
    return yield* Effect.forEach(tests, one, { concurrency: "unbounded" });
  }
  const judged: TestJudgement[] = [];
  for (const test of tests) {
    const judgement = yield* one(test);
    judged.push(judgement);
    if (judgement.verdict !== "pass") break;
  }
  return judged;
});
