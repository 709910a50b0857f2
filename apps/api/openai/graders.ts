import { Effect, Result, Schema } from "effect";
import { performance } from "node:perf_hooks";
import type { JudgeTool } from "../../tools/judge.ts";
import { decodeInput, UserError } from "../../tools/mod.ts";

const StringCheck = Schema.Struct({
  type: Schema.Literal("string_check"),
  name: Schema.String,
  input: Schema.String,
  reference: Schema.String,
  operation: Schema.Literals(["eq", "ne", "like", "ilike"]),
});

const PythonGrader = Schema.Struct({
  type: Schema.Literal("python"),
  name: Schema.String,
  source: Schema.String.check(Schema.isMaxLength(256 * 1024)),
  image_tag: Schema.optionalKey(Schema.NullOr(Schema.String)),
});

/** Calque's own: the sample is a program, run against the item's tests as `calque judge` does. */
const JudgeGrader = Schema.Struct({
  type: Schema.Literal("judge"),
  name: Schema.String,
  /** A language, or a template of one such as `{{item.language}}`. */
  language: Schema.String,
});

const Single = Schema.Union([StringCheck, PythonGrader, JudgeGrader]);

const Multi = Schema.Struct({
  type: Schema.Literal("multi"),
  name: Schema.String,
  graders: Schema.Record(Schema.String, Single),
  /** Sums and products of the graders' names and numbers. */
  calculate_output: Schema.String,
});

export const Grader = Schema.Union([StringCheck, PythonGrader, JudgeGrader, Multi]);
export type Grader = typeof Grader.Type;

export const GraderRun = Schema.Struct({
  grader: Schema.Record(Schema.String, Schema.Unknown),
  model_sample: Schema.String,
  item: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
});

export const GraderValidation = Schema.Struct({
  grader: Schema.Record(Schema.String, Schema.Unknown),
});

/** A grader as it was sent; a kind that is not known, or a formula that does not parse, is refused. */
export const decodeGrader = (value: unknown): Grader => {
  const decoded = decodeInput(GRADERS[typeOf(value)] ?? Grader, value);
  if (Result.isFailure(decoded)) throw decoded.failure;
  const grader = decoded.success as Grader;
  if (grader.type === "multi") calculate(grader.calculate_output, zeros(grader.graders));
  return grader;
};

const GRADERS: Readonly<
  Record<string, typeof Multi | typeof StringCheck | typeof PythonGrader | typeof JudgeGrader>
> = {
  string_check: StringCheck,
  python: PythonGrader,
  judge: JudgeGrader,
  multi: Multi,
};

const typeOf = (value: unknown): string => {
  const type = (value as { type?: unknown } | null)?.type;
  if (typeof type === "string" && Object.hasOwn(GRADERS, type)) return type;
  const message = `key "grader.type": expected ${Object.keys(GRADERS).join(", ")}`;
  throw new UserError({ code: "bad-value", message });
};

export interface Grade {
  readonly reward: number;
  readonly sub_rewards: Readonly<Record<string, number>>;
  readonly errors: Readonly<Partial<Record<ErrorFlag, true>>>;
  /** The machine failed, not the sample. */
  readonly infrastructure: boolean;
  readonly details?: string;
}

type ErrorFlag = typeof FLAGS[number];

/** Grades one sample; programs and Python graders run in the sandbox. */
export const grade = async (
  grader: Grader,
  sample: string,
  item: Readonly<Record<string, unknown>>,
  judge: Effect.Effect<JudgeTool, UserError>,
): Promise<Grade> => {
  switch (grader.type) {
    case "string_check": {
      const input = fill(grader.input, sample, item);
      const reference = fill(grader.reference, sample, item);
      const right = OPERATIONS[grader.operation](input, reference);
      return graded(right ? 1 : 0);
    }
    case "python":
      return await gradeByPython(grader.source, sample, item, judge);
    case "judge": {
      const { function: name, cases, tests, test_program, compare } = item;
      const verdict = await ask(judge, {
        language: fill(grader.language, sample, item),
        code: sample,
        ...defined({ function: name, cases, tests, test_program, compare }),
      });
      return { ...graded(verdict.verdict === "pass" ? 1 : 0), ...spoilt(verdict.verdict) };
    }
    case "multi": {
      const parts = await Promise.all(
        Object.entries(grader.graders).map(async ([name, inner]) =>
          [name, await grade(inner, sample, item, judge)] as const
        ),
      );
      const sub_rewards = Object.fromEntries(parts.map(([name, { reward }]) => [name, reward]));
      return {
        reward: calculate(grader.calculate_output, sub_rewards),
        sub_rewards,
        errors: Object.assign({}, ...parts.map(([, { errors }]) => errors)),
        infrastructure: parts.some(([, { infrastructure }]) => infrastructure),
      };
    }
  }
};

/** The wire's answer to a grader's run. */
export const runResult = async (
  grader: Grader,
  sample: string,
  item: Readonly<Record<string, unknown>>,
  judge: Effect.Effect<JudgeTool, UserError>,
): Promise<object> => {
  const began_ms = performance.now();
  const { reward, sub_rewards, errors, infrastructure, details } = await grade(
    grader,
    sample,
    item,
    judge,
  );
  const flags = Object.fromEntries(FLAGS.map((flag) => [flag, errors[flag] === true]));
  return {
    reward,
    sub_rewards,
    metadata: {
      name: grader.name,
      type: grader.type,
      errors: {
        ...flags,
        other_error: infrastructure,
        python_grader_server_error_type: null,
        python_grader_runtime_error_details: details ?? null,
        model_grader_server_error_details: null,
      },
      execution_time: (performance.now() - began_ms) / 1000,
      scores: sub_rewards,
      token_usage: null,
      sampled_model_name: null,
    },
    model_grader_token_usage_per_model: {},
  };
};

const FLAGS = [
  "formula_parse_error",
  "sample_parse_error",
  "truncated_observation_error",
  "unresponsive_reward_error",
  "invalid_variable_error",
  "other_error",
  "python_grader_server_error",
  "python_grader_runtime_error",
  "model_grader_server_error",
  "model_grader_refusal_error",
  "model_grader_parse_error",
] as const;

const OPERATIONS = {
  eq: (a: string, b: string): boolean => a === b,
  ne: (a: string, b: string): boolean => a !== b,
  like: (a: string, b: string): boolean => a.includes(b),
  ilike: (a: string, b: string): boolean => a.toLowerCase().includes(b.toLowerCase()),
};

/** Fills `{{sample.output_text}}` and `{{item.key.key}}`. */
const fill = (template: string, sample: string, item: Readonly<Record<string, unknown>>): string =>
  template.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, path: string) => {
    if (path === "sample.output_text") return sample;
    const [root, ...keys] = path.split(".");
    if (root !== "item") return whole;
    let value: unknown = item;
    for (const key of keys) {
      value = typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined;
    }
    return value === undefined ? whole : typeof value === "string" ? value : JSON.stringify(value);
  });

/**
 * `grade(sample, item)` in the sandbox. What it prints to stdout does not count: the reward comes on the
 * last line, behind a word that only this call knows.
 */
const gradeByPython = async (
  source: string,
  sample: string,
  item: Readonly<Record<string, unknown>>,
  judge: Effect.Effect<JudgeTool, UserError>,
): Promise<Grade> => {
  const word = crypto.randomUUID();
  const code = `${source}\n
if __name__ == "__main__":
    import json as _json, sys as _sys
    _given = _json.load(_sys.stdin)
    _reward = float(grade(_given["sample"], _given["item"]))
    print("\\n" + _given["word"] + " " + repr(_reward))
`;
  const stdin = JSON.stringify({
    word,
    sample: { output_text: sample, output_json: jsonIn(sample), output_tools: [], choices: [] },
    item,
  });
  const run = await Effect.runPromise(
    Effect.result(
      Effect.flatMap(
        judge,
        (tool) => tool.run({ language: "python", code, stdin, limits: { cpu_s: 10, wall_s: 30 } }),
      ),
    ),
  );
  if (Result.isFailure(run)) throw run.failure;
  const { verdict, stdout, stderr, compile } = run.success;
  const said = new RegExp(`^${word} (\\S+)$`, "m").exec(stdout)?.[1];
  const reward = Number(said);
  if (said !== undefined && Number.isFinite(reward)) return graded(reward);
  if (verdict === "infrastructure") return { ...graded(0), ...spoilt("infrastructure") };
  const details = compile?.ok === false ? compile.message : stderr;
  return {
    ...graded(0),
    errors: said === undefined
      ? { python_grader_runtime_error: true }
      : { unresponsive_reward_error: true },
    ...(details === "" ? {} : { details: details.slice(-1000).toWellFormed() }),
  };
};

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

interface Judged {
  readonly verdict: string;
}

const ask = async (
  judge: Effect.Effect<JudgeTool, UserError>,
  request: object,
): Promise<Judged> => {
  const result = await Effect.runPromise(
    Effect.result(Effect.flatMap(judge, (tool) => tool.answer(request))),
  );
  if (Result.isFailure(result)) throw result.failure;
  return result.success[0] as Judged;
};

const graded = (reward: number): Grade => ({
  reward,
  sub_rewards: {},
  errors: {},
  infrastructure: false,
});

const spoilt = (verdict: string): Pick<Grade, "infrastructure"> => ({
  infrastructure: verdict === "infrastructure",
});

const defined = (values: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const zeros = (graders: object): Record<string, number> =>
  Object.fromEntries(Object.keys(graders).map((name) => [name, 0]));

/** A formula of names, numbers, `+ - * /` and parentheses, by recursive descent. */
export const calculate = (
  formula: string,
  values: Readonly<Record<string, number>>,
): number => {
  const tokens = formula.match(/\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[A-Za-z_]\w*|\S/g) ?? [];
  let at = 0;
  const fail = (): never => {
    const message = `key "grader.calculate_output": "${formula}" is no formula of ` +
      `${Object.keys(values).join(", ")} with + - * / and parentheses`;
    throw new UserError({ code: "bad-value", message });
  };
  const atom = (depth: number): number => {
    const token = tokens[at++];
    if (token === undefined || depth > 100) return fail();
    if (token === "-") return -atom(depth + 1);
    if (token === "(") {
      const value = sum(depth + 1);
      return tokens[at++] === ")" ? value : fail();
    }
    if (/^\d/.test(token)) return Number(token);
    return Object.hasOwn(values, token) ? values[token]! : fail();
  };
  const product = (depth: number): number => {
    let value = atom(depth);
    for (let sign = tokens[at]; sign === "*" || sign === "/"; sign = tokens[at]) {
      at++;
      value = sign === "*" ? value * atom(depth) : value / atom(depth);
    }
    return value;
  };
  const sum = (depth: number): number => {
    let value = product(depth);
    for (let sign = tokens[at]; sign === "+" || sign === "-"; sign = tokens[at]) {
      at++;
      value = sign === "+" ? value + product(depth) : value - product(depth);
    }
    return value;
  };
  const value = sum(0);
  return at === tokens.length ? value : fail();
};
