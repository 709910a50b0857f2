import { Effect, Result, Schema } from "effect";
import { SLOTS } from "../tools/engine.ts";
import { TokenIds } from "../tools/tokens.ts";
import { decodeInput } from "../tools/mod.ts";
import type { ModelShelf } from "./models.ts";

const whole = (minimum: number, maximum: number) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum }));
const Text = Schema.String.check(Schema.isMaxLength(1 << 20));

/** A prompt and what `calque generate` takes as flags; `model` is a name of `GET /v1/models`. */
export const GenerateRequest = Schema.Struct({
  model: Schema.optionalKey(Schema.NonEmptyString),
  ids: Schema.optionalKey(TokenIds),
  prompt: Schema.optionalKey(Text),
  messages: Schema.optionalKey(
    Schema.NonEmptyArray(Schema.Struct({ role: Schema.NonEmptyString, content: Text })),
  ),
  n: Schema.optionalKey(whole(1, SLOTS)),
  max_tokens: Schema.optionalKey(whole(1, 1 << 20)),
  temperature: Schema.optionalKey(
    Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 })),
  ),
  top_k: Schema.optionalKey(whole(0, 1 << 20)),
  top_p: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
  seed: Schema.optionalKey(whole(0, 2 ** 32 - 1)),
  stop: Schema.optionalKey(
    Schema.Array(Schema.NonEmptyString).check(Schema.isMaxLength(16)),
  ),
}).check(
  Schema.makeFilter(({ ids, prompt, messages }) =>
    [ids, prompt, messages].filter((given) => given !== undefined).length === 1 ||
    'exactly one of "ids", "prompt" and "messages"'
  ),
);

export const TranslateRequest = Schema.Struct({
  model: Schema.optionalKey(Schema.NonEmptyString),
  from: Schema.NonEmptyString.check(Schema.isMaxLength(100)),
  to: Schema.NonEmptyString.check(Schema.isMaxLength(100)),
  code: Text,
  max_tokens: Schema.optionalKey(whole(1, 1 << 20)),
});

/** The bundled one. */
const DEFAULT_MODEL = "seed";

/** The sample, or `samples` where several were asked for: as `calque generate` with these flags. */
export const answerGenerate = async (
  models: ModelShelf,
  body: unknown,
  signal: AbortSignal,
): Promise<object> => {
  const decoded = decodeInput(GenerateRequest, body);
  if (Result.isFailure(decoded)) throw decoded.failure;
  const { model, ids, prompt, messages, n = 1, ...rest } = decoded.success;
  const { max_tokens = 256, temperature = 1, seed = 0, stop = [], top_k, top_p } = rest;
  const asked = ids !== undefined ? { ids } : messages !== undefined ? { messages } : {
    prompt: prompt!,
  };
  const samples = await models.use(
    model ?? DEFAULT_MODEL,
    (generator) =>
      generator.complete(asked, {
        samples: n,
        max_tokens,
        temperature,
        seed,
        stop,
        ...(top_k === undefined ? {} : { top_k }),
        ...(top_p === undefined ? {} : { top_p }),
      }),
    signal,
  );
  return n === 1 ? samples[0]! : { samples };
};

/** The program in the other language: as `calque translate`. */
export const answerTranslate = async (
  models: ModelShelf,
  body: unknown,
  signal: AbortSignal,
): Promise<object> => {
  const decoded = decodeInput(TranslateRequest, body);
  if (Result.isFailure(decoded)) throw decoded.failure;
  const { model = DEFAULT_MODEL, max_tokens = 512, ...asked } = decoded.success;
  const { folder, adapter } = await models.get(model);
  return await models.use(
    model,
    Effect.fnUntraced(function* (generator) {
      const { translate } = yield* Effect.promise(() => import("../tools/translate.ts"));
      return yield* translate(generator, adapter ?? folder, { ...asked, max_tokens });
    }),
    signal,
  );
};
