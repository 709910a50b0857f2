import { Schema } from "effect";

/** One line of `programs.jsonl`: a program for a task in one language. */
export const Program = Schema.Struct({
  task: Schema.NonEmptyString,
  language: Schema.NonEmptyString,
  code: Schema.String,
  /** True only when the program really ran in the sandbox and passed the task's tests. */
  verified: Schema.Boolean,
});
export type Program = typeof Program.Type;

const Parameter = Schema.Struct({ name: Schema.NonEmptyString, type: Schema.NonEmptyString });

/**
 * One line of `tasks.jsonl`. Exactly one of `cases` (arguments and result, compared on the host),
 * `tests` (standard input and output) and `test_program` (asserts, per language) says what is right.
 */
export const Task = Schema.Struct({
  id: Schema.NonEmptyString,
  /** Tasks of one family never stand on both sides of the split. */
  family: Schema.NonEmptyString,
  statement: Schema.String,
  signature: Schema.Struct({
    name: Schema.NonEmptyString,
    parameters: Schema.Array(Parameter),
    result: Schema.NonEmptyString,
  }),
  cases: Schema.optionalKey(
    Schema.NonEmptyArray(
      Schema.Struct({ arguments: Schema.Array(Schema.Json), result: Schema.Json }),
    ),
  ),
  tests: Schema.optionalKey(
    Schema.NonEmptyArray(
      Schema.Struct({
        stdin: Schema.optionalKey(Schema.String),
        stdout: Schema.String,
        args: Schema.optionalKey(Schema.Array(Schema.String)),
      }),
    ),
  ),
  test_program: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  split: Schema.Literals(["train", "held-out"]),
  /** Why a generated family is held out: an unseen pair of constructs, or an unseen tree of seen ones. */
  novelty: Schema.optionalKey(Schema.Literals(["combination", "tree"])),
  /** How hard a task of the typed generator is: 1 conditions, 2 loops, 3 helpers and tables, 4 recursion. */
  level: Schema.optionalKey(Schema.Int),
  source: Schema.String,
  licence: Schema.String,
}).check(
  Schema.makeFilter((task) =>
    [task.cases, task.tests, task.test_program].filter((tests) => tests !== undefined).length ===
      1 ||
    'exactly one of "cases", "tests" and "test_program"'
  ),
);
export type Task = typeof Task.Type;

/** What the equivalence checker answered, as it answered it (without its run time). */
const Evidence = Schema.Record(Schema.String, Schema.Json);

export const Winner = Schema.Struct({
  ir: Schema.NonEmptyString,
  compiler: Schema.NonEmptyString,
  /** `-O2`, or the pass pipeline after `-O0`. */
  level: Schema.NonEmptyString,
  /** Against the first winner; the first one has none. Its `verdict` is `proved`. */
  proof: Schema.optionalKey(Evidence),
});
export type Winner = typeof Winner.Type;

export const Loser = Schema.Struct({
  ir: Schema.NonEmptyString,
  tier: Schema.Literals(["ill-formed", "edited", "other"]),
  /** The checker's refutation with its counterexample, or the verifier's message. */
  evidence: Schema.Union([Schema.NonEmptyString, Evidence]),
});
export type Loser = typeof Loser.Type;

/** One line of `groups.jsonl`: a program and LLVM IR that means the same, and IR that does not. */
export const IrGroup = Schema.Struct({
  id: Schema.NonEmptyString,
  task: Schema.optionalKey(Schema.NonEmptyString),
  /** The program that is GEPO's prompt. */
  source: Schema.NonEmptyString,
  language: Schema.NonEmptyString,
  function: Schema.NonEmptyString,
  split: Schema.optionalKey(Schema.Literals(["train", "held-out"])),
  winners: Schema.NonEmptyArray(Winner),
  losers: Schema.Array(Loser),
});
export type IrGroup = typeof IrGroup.Type;
