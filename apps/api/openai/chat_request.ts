import { Schema } from "effect";
import { SLOTS } from "../../tools/engine.ts";
import type { Sampling } from "../../tools/generate.ts";

const Text = Schema.String.check(Schema.isMaxLength(1 << 20));

/** Content in parts is what newer clients send; only text can be read here. */
const Content = Schema.Union([
  Text,
  Schema.Array(Schema.Struct({ type: Schema.Literal("text"), text: Text })),
]);

const nullable = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema));
const between = (minimum: number, maximum: number) =>
  Schema.Finite.check(Schema.isBetween({ minimum, maximum }));
const whole = (minimum: number, maximum: number) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum }));

const sampling = {
  model: Schema.NonEmptyString,
  n: nullable(whole(1, SLOTS)),
  max_tokens: nullable(whole(1, 1 << 20)),
  temperature: nullable(between(0, 2)),
  top_p: nullable(between(0, 1)),
  /** Not OpenAI's; others have it. */
  top_k: nullable(whole(1, 1 << 20)),
  seed: nullable(whole(0, 2 ** 32 - 1)),
  stop: nullable(
    Schema.Union([
      Schema.NonEmptyString,
      Schema.Array(Schema.NonEmptyString).check(Schema.isMaxLength(16)),
    ]),
  ),
  stream: nullable(Schema.Boolean),
  stream_options: nullable(Schema.Struct({ include_usage: Schema.optionalKey(Schema.Boolean) })),
  user: Schema.optionalKey(Schema.String),
  /** Only what changes nothing. */
  presence_penalty: nullable(Schema.Literal(0)),
  frequency_penalty: nullable(Schema.Literal(0)),
};

export const ChatRequest = Schema.Struct({
  ...sampling,
  messages: Schema.NonEmptyArray(
    Schema.Struct({
      role: Schema.Literals(["system", "developer", "user", "assistant"]),
      content: Content,
      name: Schema.optionalKey(Schema.String),
    }),
  ),
  max_completion_tokens: nullable(whole(1, 1 << 20)),
  logprobs: nullable(Schema.Boolean),
  top_logprobs: nullable(Schema.Literal(0)),
  response_format: Schema.optionalKey(Schema.Struct({ type: Schema.Literal("text") })),
  metadata: nullable(Schema.Record(Schema.String, Schema.String)),
  store: nullable(Schema.Boolean),
});

export const CompletionRequest = Schema.Struct({
  ...sampling,
  prompt: Schema.Union([
    Text,
    Schema.NonEmptyArray(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
    Schema.Tuple([Text]),
  ]),
  echo: nullable(Schema.Literal(false)),
});

type Asked = Pick<
  typeof ChatRequest.Type,
  "n" | "temperature" | "top_p" | "top_k" | "seed" | "stop" | "max_tokens"
>;

/** The sampling that a request asks for; `room` is what the prompt leaves of the model's context. */
export const samplingOf = (request: Asked, room: number): Sampling => {
  const { stop } = request;
  return {
    samples: request.n ?? 1,
    max_tokens: Math.max(1, Math.min(request.max_tokens ?? room, room)),
    temperature: request.temperature ?? 1,
    ...(typeof request.top_k === "number" ? { top_k: request.top_k } : {}),
    ...(typeof request.top_p === "number" ? { top_p: request.top_p } : {}),
    // Without a seed two answers should differ.
    seed: request.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!,
    stop: typeof stop === "string" ? [stop] : stop ?? [],
  };
};

export const textOf = (content: typeof Content.Type): string =>
  typeof content === "string" ? content : content.map(({ text }) => text).join("");
