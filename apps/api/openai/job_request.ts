import { Schema } from "effect";

const Auto = Schema.Literal("auto");
const count = (maximum: number) =>
  Schema.optionalKey(
    Schema.Union([Auto, Schema.Int.check(Schema.isBetween({ minimum: 1, maximum }))]),
  );
const positive = (maximum: number) =>
  Schema.optionalKey(
    Schema.Union([
      Auto,
      Schema.Finite.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(maximum)),
    ]),
  );

const common = {
  n_epochs: count(1000),
  batch_size: count(4096),
  learning_rate_multiplier: positive(1e6),
};
const Supervised = Schema.Struct(common);
const Preference = Schema.Struct({ ...common, beta: positive(100) });
const rollouts = {
  /** Optimizer steps; else as many as `n_epochs` passes over the tasks need. */
  steps: count(1_000_000),
  /** Completions of each question. */
  group_size: count(256),
  max_tokens: count(32_768),
};
const Reinforcement = Schema.Struct({
  ...common,
  ...rollouts,
  compute_multiplier: positive(100),
  eval_interval: count(1_000_000),
  eval_samples: count(1024),
  reasoning_effort: Schema.optionalKey(Schema.String),
});
const Groups = Schema.Struct({ ...common, beta: positive(100), steps: count(1_000_000) });
const Oorl = Schema.Struct({ ...common, ...rollouts, beta: positive(100) });

const withHyper = <S extends Schema.Top>(hyperparameters: S) =>
  Schema.Struct({ hyperparameters: Schema.optionalKey(hyperparameters) });

/** How to tune: OpenAI's three methods, and Calque's own two in the same shape. */
export const Method = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("supervised"),
    supervised: Schema.optionalKey(withHyper(Supervised)),
  }),
  Schema.Struct({ type: Schema.Literal("dpo"), dpo: Schema.optionalKey(withHyper(Preference)) }),
  Schema.Struct({
    type: Schema.Literal("reinforcement"),
    reinforcement: Schema.Struct({
      grader: Schema.Record(Schema.String, Schema.Unknown),
      hyperparameters: Schema.optionalKey(Reinforcement),
    }),
  }),
  Schema.Struct({ type: Schema.Literal("gepo"), gepo: Schema.optionalKey(withHyper(Groups)) }),
  Schema.Struct({ type: Schema.Literal("oorl"), oorl: Schema.optionalKey(withHyper(Oorl)) }),
]);
export type Method = typeof Method.Type;

export const JobRequest = Schema.Struct({
  model: Schema.NonEmptyString,
  training_file: Schema.NonEmptyString,
  validation_file: Schema.optionalKey(Schema.NullOr(Schema.NonEmptyString)),
  method: Schema.optionalKey(Method),
  /** OpenAI's older place for those of `supervised`. */
  hyperparameters: Schema.optionalKey(Supervised),
  seed: Schema.optionalKey(
    Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 - 1 }))),
  ),
  suffix: Schema.optionalKey(
    Schema.NullOr(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9._-]{1,64}$/))),
  ),
  metadata: Schema.optionalKey(
    Schema.NullOr(
      Schema.Record(
        Schema.String.check(Schema.isMaxLength(64)),
        Schema.String.check(Schema.isMaxLength(512)),
      ).check(Schema.isMaxProperties(16)),
    ),
  ),
  /** Nothing leaves this machine: only none can be asked for. */
  integrations: Schema.optionalKey(
    Schema.NullOr(Schema.Array(Schema.Unknown).check(Schema.isMaxLength(0))),
  ),
});
export type JobRequest = typeof JobRequest.Type;

/** A hyperparameter, unless it is left to the server. */
export const chosen = (value: number | "auto" | undefined): number | undefined =>
  value === "auto" ? undefined : value;
