import { constants } from "node:os";
import {
  excerpt,
  type Judgement,
  judgementOf,
  type TestJudgement,
  type VerdictClass,
} from "./judgement.ts";
import type { Language } from "./languages/language.ts";
import { faultOf, isFault, type Run } from "./runner.ts";

/**
 * The class of a run that did not come to its end, `undefined` for a clean one: what limit it met, or how it died.
 */
export const failureOf = (run: Run, language: Language): VerdictClass | undefined => {
  if (isFault(run)) return "infrastructure";
  if ("fault" in run) return "infrastructure";
  switch (run.limit) {
    case "cpu":
    case "wall":
      return "time-limit";
    case "memory":
      return "memory-limit";
    case "output":
      return "output-limit";
    case "killed":
      return "infrastructure";
    case null:
      break;
  }
  if (run.signal === constants.signals.SIGXCPU) return "time-limit";
  // A file is as large as memory may be: /tmp is memory.
  if (run.signal === constants.signals.SIGXFSZ) return "memory-limit";
  if (run.signal === constants.signals.SIGSYS) return "forbidden";
  if (run.exit_code === 0) return undefined;
  return language.syntaxError?.test(run.stderr) ? "compile-error" : "runtime-error";
};

/** What is told of a run beside its verdict. */
export const evidenceOf = (run: Run, verdict: VerdictClass): TestJudgement => {
  if ("fault" in run) {
    return { verdict, cpu_ms: 0, wall_ms: 0, memory_kb: 0, stderr: excerpt(run.fault) };
  }
  const signal = Object.entries(constants.signals).find(([, number]) => number === run.signal)?.[0];
  const stderr = isFault(run) ? faultOf(run) : run.stderr;
  return {
    verdict,
    cpu_ms: round(run.cpu_ms),
    wall_ms: round(run.wall_ms),
    memory_kb: run.memory_kb,
    ...(run.exit_code === null ? {} : { exit_code: run.exit_code }),
    ...(signal === undefined ? {} : { signal }),
    ...(run.stdout === "" ? {} : { stdout: excerpt(run.stdout) }),
    ...(stderr === "" ? {} : { stderr: excerpt(stderr) }),
  };
};

export const round = (ms: number) => Math.round(ms * 10) / 10;

/** The judgement of a program that was not built; `undefined` if it was. */
export const compileFailure = (run: Run, language: Language): Judgement | undefined => {
  if (isFault(run) || "fault" in run) {
    return judgementOf([{ ...evidenceOf(run, "infrastructure"), stderr: faultOf(run) }]);
  }
  if (run.limit === null && run.exit_code === 0) return undefined;
  const class_ = failureOf(run, language);
  // What the compiler meets is the program's doing: its own class unless it is a plain complaint.
  const verdict = class_ === "runtime-error" || class_ === undefined ? "compile-error" : class_;
  const message = excerpt((run.stderr + run.stdout).replaceAll("/work/", ""), 2000);
  return judgementOf([evidenceOf(run, verdict)], { ok: false, message });
};
