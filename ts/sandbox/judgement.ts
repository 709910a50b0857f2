/** The classes of a verdict. All but `infrastructure` are the program's own doing, and only those score. */
export const verdicts = [
  "pass",
  "wrong-answer",
  "compile-error",
  "runtime-error",
  "time-limit",
  "memory-limit",
  "output-limit",
  "forbidden",
  "infrastructure",
] as const;

export type VerdictClass = (typeof verdicts)[number];

/** What became of one test. */
export interface TestJudgement {
  readonly verdict: VerdictClass;
  readonly cpu_ms: number;
  readonly wall_ms: number;
  /** Peak of the processes' memory. The kernel's figure starts at the parent's own, about 10 MB. */
  readonly memory_kb: number;
  readonly exit_code?: number;
  readonly signal?: string;
  /** The beginning of what it wrote, or of its result. */
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface Judgement {
  /** `pass` if every test passed; else the verdict of the first that did not, `infrastructure` before all. */
  readonly verdict: VerdictClass;
  readonly tests: readonly TestJudgement[];
  readonly compile?: { readonly ok: boolean; readonly message: string };
  /** Said where programs run unconfined: then a verdict is worth what the programs are. */
  readonly isolation?: "none";
}

export const judgementOf = (
  tests: readonly TestJudgement[],
  compile?: Judgement["compile"],
): Judgement => ({
  verdict: tests.some((test) => test.verdict === "infrastructure")
    ? "infrastructure"
    : tests.find((test) => test.verdict !== "pass")?.verdict ?? "pass",
  tests,
  ...(compile === undefined ? {} : { compile }),
});

/** At most `limit` characters, well-formed, with a note of what is missing. */
export const excerpt = (text: string, limit = 1000): string => {
  const whole = text.toWellFormed();
  return whole.length <= limit
    ? whole
    : `${whole.slice(0, limit).toWellFormed()}... (${whole.length - limit} more characters)`;
};
