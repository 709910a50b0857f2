import { Result, Schema } from "effect";
import { SandboxError } from "./errors.ts";
import type { Json } from "./json.ts";
import { parseJson } from "./json.ts";
import type { Compare } from "./compare.ts";
import type { JudgeProgram } from "./special_judge.ts";
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
    Schema.Literals(["exact", "lines", "tokens", "any-order"]),
    Schema.Struct({ float: Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)) }),
    Schema.Struct({
      judge: Schema.Struct({ language: Schema.Literals([...languages.keys()]), code: Text }),
    }),
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
  sanitize: Schema.optionalKey(Schema.Boolean),
}).check(Schema.makeFilter((request) => {
  const forms = [request.tests, request.cases, request.test_program];
  if (forms.filter((form) => form !== undefined).length !== 1) {
    return 'exactly one of "tests", "cases" and "test_program"';
  }
  if ((request.function === undefined) !== (request.cases === undefined)) {
    return '"function" together with "cases"';
  }
  if (request.compare !== undefined && request.test_program !== undefined) {
    return '"compare" only together with "tests" or "cases"';
  }
  const words = request.cases !== undefined && typeof request.compare === "string";
  return !words || request.compare === "exact" || request.compare === "any-order" ||
    '"compare" of results: "exact", "any-order", {"float": t} or {"judge": program}';
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
  /** Of what is printed, or of results: there lists in any order are `any-order`, and floats differ by 1e-6 at most. */
  readonly compare?: Compare | { readonly judge: JudgeProgram };
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
  /** Built so that undefined behaviour ends in a trap: C and C++; other languages define theirs. */
  readonly sanitize?: boolean;
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
