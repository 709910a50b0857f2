import { Effect, type Scope } from "effect";
import { evidenceOf, failureOf } from "./evidence.ts";
import type { Languages } from "./installed.ts";
import { type Json, printJson } from "./json.ts";
import { excerpt, type TestJudgement } from "./judgement.ts";
import { compileLimits, defaultLimits } from "./limits.ts";
import { isFault, type Program } from "./runner.ts";

/** A program that says whether an answer is right, where no comparison can: any shortest path, any valid plan. */
export interface JudgeProgram {
  readonly language: string;
  readonly code: string;
}

/** What a judge reads from its standard input, as one object of JSON. */
export interface Answer {
  readonly input: Json;
  readonly output: Json;
  readonly expected: Json;
}

/** The verdict with what the judge wrote; a judge that fails itself is nobody's wrong answer. */
export type SpecialJudge = (
  answer: Answer,
) => Effect.Effect<Said>;

type Said = Pick<TestJudgement, "verdict" | "stderr">;

/**
 * Builds the judge's program, which lives as long as the scope. It runs in a sandbox of its own, and sees of the judged
 * program only what that wrote. Exit 0 is `pass`, 1 is `wrong-answer`, and anything else the judge's own fault.
 */
export const specialJudge = Effect.fnUntraced(function* (
  installed: Languages,
  judge: JudgeProgram,
): Effect.fn.Return<SpecialJudge, never, Scope.Scope> {
  const { runner } = installed;
  const fault = (stderr: string): Said => ({
    verdict: "infrastructure",
    stderr: excerpt(`the special judge: ${stderr}`),
  });
  const toolchain = yield* installed.toolchain(judge.language);
  if (typeof toolchain === "string") return () => Effect.succeed(fault(toolchain));
  const { language } = toolchain;
  const program = yield* Effect.acquireRelease(
    Effect.sync((): Program => ({ toolchain })),
    (program) => runner.close(program),
  );
  const built = yield* runner.build(program, {
    [language.source]: language.prepare?.(judge.code) ?? judge.code,
  });
  if (built !== undefined && (isFault(built) || "fault" in built || built.exit_code !== 0)) {
    const why = "fault" in built ? built.fault : `was not built: ${built.stderr}`;
    return () => Effect.succeed(fault(why));
  }
  const limits = { ...defaultLimits, memory_mb: compileLimits.memory_mb };
  return (answer) =>
    Effect.map(
      runner.run(program, { limits, stdin: printJson(answer as unknown as Json) }),
      (run): Said => {
        const failure = failureOf(run, language);
        if ("fault" in run) return fault(run.fault);
        const said = run.stderr === "" ? {} : { stderr: excerpt(run.stderr) };
        if (failure === undefined) return { verdict: "pass", ...said };
        if (run.limit === null && run.exit_code === 1 && !uncaught.test(run.stderr)) {
          return { verdict: "wrong-answer", ...said };
        }
        return fault(`${failure}: ${evidenceOf(run, failure).stderr ?? ""}`);
      },
    );
});

/** Many languages end with 1 where nobody caught an error, too. */
const uncaught =
  /^Traceback \(most recent call last\)|^error: Uncaught|^Uncaught |^PHP Fatal|^Exception in thread|stack traceback:/m;
