import { Context, Effect, Layer } from "effect";
import { availableParallelism } from "node:os";
import type { Program } from "./runner.ts";
import { specialJudge } from "./special_judge.ts";
import { judgeCalls } from "./function_form.ts";
import { judgeOutputs } from "./stdin_form.ts";
import { judgeAssertions } from "./program_form.ts";
import { compileFailure } from "./evidence.ts";
import { type Judgement, judgementOf } from "./judgement.ts";
import { Languages, type LanguageStatus } from "./installed.ts";
import { type PlainRun, runPlainly, type RunRequest, spoilt } from "./plain_run.ts";
import type { JudgeRequest } from "./request.ts";

export interface SandboxOptions {
  /** Programs that run at once; the machine's processors by default. */
  readonly concurrency?: number;
  /** Run programs without any isolation where the machine allows none: for programs that somebody has read. */
  readonly unsafe_no_isolation?: boolean;
}

/** Runs programs that nobody has read, and says what they are worth. */
export class Sandbox extends Context.Service<Sandbox, {
  /** Judges one program. Never fails: the sandbox's own faults are the verdict `infrastructure`. */
  readonly judge: (request: JudgeRequest) => Effect.Effect<Judgement>;
  /** Runs one program without tests. Never fails: the sandbox's own faults are the verdict `infrastructure`. */
  readonly run: (request: RunRequest) => Effect.Effect<PlainRun>;
  /** Every language, with what was really tried on this machine. */
  readonly languages: Effect.Effect<readonly LanguageStatus[]>;
  /** Whether a language's programs run here. Tried once, then known. */
  readonly available: (language: string) => Effect.Effect<boolean>;
}>()("calque/sandbox/Sandbox") {
  /** Programs in bubblewrap on this machine. */
  static readonly layer = (options: SandboxOptions = {}): Layer.Layer<Sandbox> =>
    Layer.effect(
      Sandbox,
      Effect.gen(function* () {
        const installed = yield* Effect.acquireRelease(
          Effect.sync(() =>
            new Languages(
              options.concurrency ?? availableParallelism(),
              options.unsafe_no_isolation !== true,
            )
          ),
          (installed) => Effect.promise(() => installed.close()),
        );
        return Sandbox.of({
          judge: (request) =>
            installed.runner.isolated
              ? judge(installed, request)
              : Effect.map(judge(installed, request), (judgement) => ({
                ...judgement,
                isolation: "none" as const,
              })),
          run: (request) => run(installed, request),
          languages: installed.all,
          available: (language) =>
            Effect.map(installed.status(language), (status) => status?.available ?? false),
        });
      }),
    );
}

/** Those of `names` whose programs cannot be run here. */
export const unavailable = (names: Iterable<string>) =>
  Sandbox.use((sandbox) =>
    Effect.filter(names, (name) => Effect.map(sandbox.available(name), (available) => !available))
  );

const run = Effect.fnUntraced(function* (installed: Languages, request: RunRequest) {
  const toolchain = yield* installed.toolchain(request.language);
  if (typeof toolchain === "string") return spoilt(toolchain, "infrastructure");
  const { runner } = installed;
  return yield* Effect.acquireUseRelease(
    Effect.sync((): Program => ({ toolchain })),
    (program) => runPlainly(runner, program, request),
    (program) => runner.close(program),
  );
});

const judge = Effect.fnUntraced(function* (installed: Languages, request: JudgeRequest) {
  const toolchain = yield* installed.toolchain(request.language);
  if (typeof toolchain === "string") {
    return judgementOf([{
      verdict: "infrastructure",
      cpu_ms: 0,
      wall_ms: 0,
      memory_kb: 0,
      stderr: toolchain,
    }]);
  }
  const { runner } = installed;
  const flags = request.sanitize === true ? toolchain.language.sanitize ?? [] : [];
  return yield* Effect.acquireUseRelease(
    Effect.sync((): Program => ({ toolchain, flags })),
    (program) => Effect.scoped(judgeForm(installed, program, request)),
    (program) => runner.close(program),
  );
});

const judgeForm = Effect.fnUntraced(function* (
  installed: Languages,
  program: Program,
  request: JudgeRequest,
) {
  const { runner } = installed;
  const special = typeof request.compare === "object" && "judge" in request.compare
    ? yield* specialJudge(installed, request.compare.judge)
    : undefined;
  if (request.cases !== undefined) return yield* judgeCalls(runner, program, request, special);
  if (request.test_program !== undefined) return yield* judgeAssertions(runner, program, request);
  const { language } = program.toolchain;
  const built = yield* runner.build(program, {
    [language.source]: language.prepare?.(request.code) ?? request.code,
  });
  if (built !== undefined) {
    const failure = compileFailure(built, language);
    if (failure !== undefined) return failure;
  }
  const tests = yield* judgeOutputs(runner, program, request, special);
  return judgementOf(tests, built === undefined ? undefined : { ok: true, message: "" });
});
