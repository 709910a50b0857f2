import { Result, Schema } from "effect";
import { SandboxError } from "./errors.ts";
import type { Json } from "./json.ts";
import { parseJson } from "./json.ts";
import { languages } from "./languages/mod.ts";

/** Deeper JSON is refused: it serves only to overrun somebody's stack. */
const maximumDepth = 200;

const isJson = (value: unknown, depth = 0): value is Json => {
  if (value === null || ["boolean", "number", "bigint", "string"].includes(typeof value)) {
    return true;
  }
  return typeof value === "object" && depth < maximumDepth &&
    Object.values(value as object).every((each) => isJson(each, depth + 1));
};

const JsonValue = Schema.declare<Json>((value): value is Json => isJson(value), {
  expected: `JSON nested at most ${maximumDepth} deep`,
});

const positive = (maximum: number) =>
  Schema.optionalKey(
    Schema.Finite.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(maximum)),
  );

const Text = Schema.String.check(Schema.isMaxLength(4 * 1024 * 1024));

/** A request as programs send it, without the line's `id`. */
export const JudgeRequest = Schema.Struct({
  language: Schema.Literals([...languages.keys()]),
  code: Text,
  tests: Schema.optionalKey(Schema.NonEmptyArray(Schema.Struct({
    stdin: Schema.optionalKey(Text),
    stdout: Text,
    args: Schema.optionalKey(Schema.Array(Schema.String.check(Schema.isPattern(/^[^\0]*$/)))),
  }))),
  compare: Schema.optionalKey(Schema.Union([
    Schema.Literals(["exact", "lines", "tokens"]),
    Schema.Struct({ float: Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)) }),
  ])),
  function: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_]*$/))),
  cases: Schema.optionalKey(Schema.NonEmptyArray(Schema.Struct({
    arguments: Schema.Array(JsonValue),
    result: JsonValue,
  }))),
  test_program: Schema.optionalKey(Text),
  limits: Schema.optionalKey(Schema.Struct({
    cpu_s: positive(600),
    wall_s: positive(3600),
    memory_mb: positive(64 * 1024),
    output_kb: positive(1024 * 1024),
    processes: Schema.optionalKey(
      Schema.Int.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(4096)),
    ),
  })),
  stop_at_first: Schema.optionalKey(Schema.Boolean),
}).check(Schema.makeFilter((request) => {
  const forms = [request.tests, request.cases, request.test_program];
  if (forms.filter((form) => form !== undefined).length !== 1) {
    return 'exactly one of "tests", "cases" and "test_program"';
  }
  if ((request.function === undefined) !== (request.cases === undefined)) {
    return '"function" together with "cases"';
  }
  return request.compare === undefined || request.tests !== undefined ||
    '"compare" only together with "tests"';
}));

/** What the sandbox is asked; numbers in cases may be `bigint`. The lists may be empty where code builds them. */
export interface JudgeRequest {
  readonly language: string;
  readonly code: string;
  readonly tests?: readonly {
    readonly stdin?: string;
    readonly stdout: string;
    readonly args?: readonly string[];
  }[];
  readonly compare?: "exact" | "lines" | "tokens" | { readonly float: number };
  readonly function?: string;
  readonly cases?: readonly { readonly arguments: readonly Json[]; readonly result: Json }[];
  readonly test_program?: string;
  readonly limits?: {
    readonly cpu_s?: number;
    readonly wall_s?: number;
    readonly memory_mb?: number;
    readonly output_kb?: number;
    readonly processes?: number;
  };
  readonly stop_at_first?: boolean;
}

const decode = Schema.decodeUnknownResult(JudgeRequest, { onExcessProperty: "error" });

/**
 * Reads a request, or throws a {@link SandboxError} of code `bad-request` that names the key. From text, integers keep
 * every digit; a parsed object has those that `JSON.parse` left it (see `parseJson`).
 */
export const decodeJudgeRequest = (input: unknown): JudgeRequest => {
  let value = input;
  if (typeof input === "string") {
    try {
      value = parseJson(input);
    } catch (error) {
      throw bad(`expected a JSON object; ${(error as Error).message}`);
    }
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw bad("expected a JSON object with language, code and tests");
  }
  const decoded = decode(value);
  if (Result.isFailure(decoded)) throw bad(decoded.failure.message);
  return decoded.success;
};

const bad = (message: string) => new SandboxError({ code: "bad-request", message });
