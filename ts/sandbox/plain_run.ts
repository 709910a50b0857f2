import { Effect } from "effect";
import { compileFailure, failureOf, round } from "./evidence.ts";
import type { VerdictClass } from "./judgement.ts";
import { type LimitsRequest, resolveLimits } from "./limits.ts";
import { faultOf, isFault, type Program, type Runner } from "./runner.ts";

/** A program to run once, without tests. */
export interface RunRequest {
  readonly language: string;
  readonly code: string;
  readonly stdin?: string;
  readonly args?: readonly string[];
  readonly limits?: LimitsRequest;
}

/** What became of it, with all that it wrote up to the limit of output. */
export interface PlainRun {
  /** `pass` says only that it ended by itself with exit code 0. */
  readonly verdict: VerdictClass;
  readonly exit_code: number | null;
  readonly signal: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly cpu_ms: number;
  readonly wall_ms: number;
  readonly memory_kb: number;
  /** For languages that are built; nothing was run where `ok` is false. */
  readonly compile?: { readonly ok: boolean; readonly message: string };
}

export const runPlainly = Effect.fnUntraced(function* (
  runner: Runner,
  program: Program,
  request: RunRequest,
) {
  const { language } = program.toolchain;
  const built = yield* runner.build(program, {
    [language.source]: language.prepare?.(request.code) ?? request.code,
  });
  const failure = built === undefined ? undefined : compileFailure(built, language);
  if (failure !== undefined) {
    return {
      ...spoilt(failure.tests[0]?.stderr ?? "", failure.verdict),
      ...(failure.compile === undefined ? {} : { compile: failure.compile }),
    };
  }
  const run = yield* runner.run(program, {
    limits: resolveLimits(request.limits),
    args: request.args ?? [],
    stdin: request.stdin ?? "",
  });
  if (isFault(run) || "fault" in run) return spoilt(faultOf(run), "infrastructure");
  const outcome: PlainRun = {
    verdict: failureOf(run, language) ?? "pass",
    exit_code: run.exit_code,
    signal: run.signal,
    stdout: run.stdout.toWellFormed(),
    stderr: run.stderr.toWellFormed(),
    cpu_ms: round(run.cpu_ms),
    wall_ms: round(run.wall_ms),
    memory_kb: run.memory_kb,
    ...(built === undefined ? {} : { compile: { ok: true, message: "" } }),
  };
  return outcome;
});

/** Of a program that did not come to run. */
export const spoilt = (stderr: string, verdict: VerdictClass): PlainRun => ({
  verdict,
  exit_code: null,
  signal: null,
  stdout: "",
  stderr,
  cpu_ms: 0,
  wall_ms: 0,
  memory_kb: 0,
});
