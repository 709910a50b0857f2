import { Effect, Result, Schema } from "effect";
import { Hono } from "hono";
import { extract } from "../../ts/rollout/mod.ts";
import type { PlainRun } from "../../ts/sandbox/mod.ts";
import type { JudgeTool } from "../tools/judge.ts";
import { UserError } from "../tools/mod.ts";
import { jsonBody } from "./body.ts";

const Text = Schema.String.check(Schema.isMaxLength(4 * 1024 * 1024));
const Seconds = Schema.NullOr(
  Schema.Finite.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(600)),
);
/** Compilers have limits of their own here: this one is read, and changes nothing. */
const compile_timeout = Schema.optionalKey(Seconds);
const run_timeout = Schema.optionalKey(Seconds);

export const RunCodeRequest = Schema.Struct({
  code: Text,
  language: Schema.String,
  compile_timeout,
  run_timeout,
  /** -1 leaves it to the server. */
  memory_limit_MB: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: -1, maximum: 65_536 })),
  ),
  stdin: Schema.optionalKey(Schema.NullOr(Text)),
  args: Schema.optionalKey(Schema.Array(Schema.String.check(Schema.isPattern(/^[^\0]*$/)))),
  /** Programs come alone: only none can be given or fetched. */
  files: Schema.optionalKey(
    Schema.NullOr(
      Schema.Record(Schema.String, Schema.Unknown).check(Schema.isMaxProperties(0)),
    ),
  ),
  fetch_files: Schema.optionalKey(
    Schema.NullOr(Schema.Array(Schema.String).check(Schema.isMaxLength(0))),
  ),
});

const Test = Schema.Struct({
  input: Schema.Struct({
    stdin: Schema.optionalKey(Text),
    args: Schema.optionalKey(Schema.Array(Schema.String.check(Schema.isPattern(/^[^\0]*$/)))),
  }),
  output: Schema.Struct({ stdout: Text }),
});

export const SubmitRequest = Schema.Struct({
  dataset: Schema.String,
  id: Schema.Union([Schema.Int, Schema.String]),
  completion: Text,
  config: Schema.Struct({
    /** The one whose problems come with the request: standard input and output. */
    dataset_type: Schema.Literal("CommonOJDataset"),
    language: Schema.String,
    provided_data: Schema.Struct({
      test: Schema.NonEmptyArray(Test),
      id: Schema.optionalKey(Schema.Unknown),
      content: Schema.optionalKey(Schema.Unknown),
      labels: Schema.optionalKey(Schema.Unknown),
    }),
    locale: Schema.optionalKey(Schema.NullOr(Schema.String)),
    is_fewshot: Schema.optionalKey(Schema.NullOr(Schema.Boolean)),
    compile_timeout,
    run_timeout,
    /** The service's own client sends it; code of the caller's that this process would run is not taken. */
    custom_extract_logic: Schema.optionalKey(Schema.Null),
    extra: Schema.optionalKey(
      Schema.Struct({ run_all_cases: Schema.optionalKey(Schema.Boolean) }),
    ),
  }),
});

const CommandResult = Schema.NullOr(Schema.Struct({
  status: Schema.Literals(["Finished", "Error", "TimeLimitExceeded"]),
  execution_time: Schema.Finite,
  return_code: Schema.NullOr(Schema.Int),
  stdout: Schema.String,
  stderr: Schema.String,
}));

export const RunCodeAnswer = Schema.Struct({
  status: Schema.Literals(["Success", "Failed", "SandboxError"]),
  message: Schema.String,
  compile_result: CommandResult,
  run_result: CommandResult,
  executor_pod_name: Schema.Null,
  files: Schema.Record(Schema.String, Schema.String),
}).annotate({ identifier: "RunCodeAnswer" });
type RunCodeAnswer = typeof RunCodeAnswer.Type;

export const SubmitAnswer = Schema.Struct({
  id: Schema.Union([Schema.Int, Schema.String]),
  accepted: Schema.Boolean,
  extracted_code: Schema.String,
  full_code: Schema.Null,
  test_code: Schema.Null,
  tests: Schema.Array(
    Schema.Struct({ passed: Schema.Boolean, exec_info: RunCodeAnswer, test_info: Schema.Unknown }),
  ),
  extracted_type: Schema.Literals(["fenced", "incomplete_fenced", "empty"]),
  extra: Schema.Null,
});

const RUN_TIMEOUT_S = 10;
const MEMORY_MB = 1024;

/** `/run_code` and `/submit` as SandboxFusion answers them, so that trainers that ask it can ask here. */
export const sandboxFusionRoutes = (judge: Effect.Effect<JudgeTool, UserError>) => {
  const run = async (request: Parameters<JudgeTool["run"]>[0]): Promise<RunCodeAnswer> => {
    const result = await Effect.runPromise(
      Effect.result(Effect.flatMap(judge, (tool) => tool.run(request))),
    );
    if (Result.isFailure(result)) throw result.failure;
    return answerOf(result.success);
  };
  return new Hono()
    .post("/run_code", jsonBody(RunCodeRequest), async (c) => {
      const { code, stdin, args = [], run_timeout, memory_limit_MB } = c.req.valid("json");
      const limits = limitsOf(run_timeout, memory_limit_MB);
      const language = languageOf(c.req.valid("json").language, "language");
      return c.json(await run({ language, code, stdin: stdin ?? "", args, limits }));
    })
    .post("/submit", jsonBody(SubmitRequest), async (c) => {
      const { id, completion, config } = c.req.valid("json");
      const { code, type } = codeIn(completion);
      const language = languageOf(config.language, "config.language");
      const limits = limitsOf(config.run_timeout, undefined);
      const tests: (typeof SubmitAnswer.Type["tests"][number])[] = [];
      if (type !== "empty") {
        for (const test of config.provided_data.test) {
          const { stdin = "", args = [] } = test.input;
          const exec_info = await run({ language, code, stdin, args, limits });
          const passed = exec_info.status === "Success" &&
            sameText(exec_info.run_result?.stdout ?? "", test.output.stdout);
          tests.push({ passed, exec_info, test_info: test });
          if (!passed && config.extra?.run_all_cases !== true) break;
        }
      }
      const answer: typeof SubmitAnswer.Type = {
        id,
        accepted: tests.length > 0 && tests.every(({ passed }) => passed),
        extracted_code: code,
        full_code: null,
        test_code: null,
        tests,
        extracted_type: type,
        extra: null,
      };
      return c.json(answer);
    });
};

const limitsOf = (timeout_s: number | null | undefined, memory_mb: number | undefined) => {
  const wall_s = timeout_s ?? RUN_TIMEOUT_S;
  return {
    wall_s,
    cpu_s: wall_s,
    memory_mb: memory_mb === undefined || memory_mb <= 0 ? MEMORY_MB : memory_mb,
  };
};

const answerOf = (run: PlainRun): RunCodeAnswer => {
  const { compile, verdict } = run;
  const none = { message: "", executor_pod_name: null, files: {} };
  const finished = (return_code: number, stderr: string) => ({
    status: "Finished" as const,
    execution_time: 0,
    return_code,
    stdout: "",
    stderr,
  });
  if (verdict === "infrastructure") {
    const failed = { ...finished(0, run.stderr), status: "Error" as const, return_code: null };
    return {
      ...none,
      status: "SandboxError",
      message: run.stderr,
      compile_result: null,
      run_result: failed,
    };
  }
  if (compile?.ok === false) {
    const compile_result = finished(1, compile.message);
    return { ...none, status: "Failed", compile_result, run_result: null };
  }
  const late = verdict === "time-limit";
  return {
    ...none,
    status: verdict === "pass" ? "Success" : "Failed",
    compile_result: compile === undefined ? null : finished(0, compile.message),
    run_result: {
      status: late ? "TimeLimitExceeded" : "Finished",
      execution_time: run.wall_ms / 1000,
      // As Python tells the end by a signal; whatever met a limit was killed.
      return_code: late ? null : run.exit_code ?? -(run.signal ?? 9),
      stdout: run.stdout,
      stderr: run.stderr,
    },
  };
};

/** SandboxFusion's names where they are not Calque's. */
const LANGUAGES: Readonly<Record<string, string>> = {
  nodejs: "javascript",
  R: "r",
  D_ut: "d",
  kotlin_script: "kotlin",
};

const KNOWN: ReadonlySet<string> = new Set(
  ("python javascript typescript c cpp rust go java csharp php ruby lua perl bash scala haskell " +
    "ocaml r d fortran julia kotlin nim racket elixir swift").split(" "),
);

const languageOf = (name: string, key: string): string => {
  const language = LANGUAGES[name] ?? name;
  if (KNOWN.has(language)) return language;
  const names = [...Object.keys(LANGUAGES), ...KNOWN].join(", ");
  const message = `key "${key}": "${name.slice(0, 100)}" is not run here; expected one of ${names}`;
  throw new UserError({ code: "bad-value", message });
};

/** The first fenced block; one that is not closed reaches to the end. */
const codeIn = (
  completion: string,
): { readonly code: string; readonly type: typeof SubmitAnswer.Type["extracted_type"] } => {
  const fenced = extract(completion, "fenced");
  if (fenced !== "") return { code: fenced, type: "fenced" };
  const open = /^[ \t]*(?:`{3,}|~{3,})[^\n]*\n([\s\S]+)$/m.exec(completion)?.[1];
  if (open !== undefined && !/^[ \t]*(?:`{3,}|~{3,})[ \t]*$/m.test(open)) {
    return { code: open, type: "incomplete_fenced" };
  }
  return { code: "", type: "empty" };
};

/** White space at the ends of lines and of the text does not count. */
const sameText = (a: string, b: string): boolean => normal(a) === normal(b);
const normal = (text: string): string => text.replaceAll(/[ \t\r]+$/gm, "").trim();
