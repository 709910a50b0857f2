import { Schema } from "effect";
import { STATUSES } from "../../../ts/runs/mod.ts";

const share = {
  pass_at_1: Schema.NullOr(Schema.Finite),
  low: Schema.NullOr(Schema.Finite),
  high: Schema.NullOr(Schema.Finite),
  samples: Schema.Int,
};

export const Share = Schema.Struct(share).annotate({
  identifier: "Share",
  description: "pass@1 with its 95 % interval",
});

export const Score = Schema.Struct({ ...share, pairs: Schema.Record(Schema.String, Share) })
  .annotate({
    identifier: "Score",
    description: "pass@1 over all samples, and by pair of languages",
  });

export const Run = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  status: Schema.Literals(STATUSES),
  step: Schema.Int,
  steps: Schema.NullOr(Schema.Int),
  before: Schema.NullOr(Score),
  after: Schema.NullOr(Score),
  error: Schema.NullOr(Schema.String),
  created_at: Schema.String,
  method: Schema.NullOr(Schema.String),
  seed: Schema.NullOr(Schema.Finite),
  seconds: Schema.NullOr(Schema.Finite),
  device: Schema.NullOr(Schema.String),
}).annotate({ identifier: "Run" });

export const Estimate = Schema.Struct({
  memory_bytes: Schema.Finite,
  seconds: Schema.NullOr(Schema.Finite),
  device: Schema.NullOr(Schema.String),
  disk_bytes: Schema.Finite,
}).annotate({ identifier: "Estimate" });

export const Problem = Schema.Struct({
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
}).annotate({ identifier: "Problem", description: "RFC 9457" });

export const OpenAIError = Schema.Struct({
  error: Schema.Struct({
    message: Schema.String,
    type: Schema.String,
    param: Schema.NullOr(Schema.String),
    code: Schema.NullOr(Schema.String),
  }),
}).annotate({ identifier: "OpenAIError" });

export const AnyObject = Schema.Record(Schema.String, Schema.Unknown);

/** A page of Calque's own lists. */
export const page = <S extends Schema.Top>(item: S) =>
  Schema.Struct({ data: Schema.Array(item), next_cursor: Schema.NullOr(Schema.String) });

/** A page of OpenAI's. */
export const wirePage = <S extends Schema.Top>(item: S) =>
  Schema.Struct({
    object: Schema.Literal("list"),
    data: Schema.Array(item),
    has_more: Schema.Boolean,
    first_id: Schema.NullOr(Schema.String),
    last_id: Schema.NullOr(Schema.String),
  });
