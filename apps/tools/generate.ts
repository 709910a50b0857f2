import { Effect, type Result, Schema, type Scope } from "effect";
import type { Completion, Engine, NewTokens } from "../../ts/model/mod.ts";
import type { Message } from "../../ts/train/mod.ts";
import type { Tokenizer } from "../../ts/wasm/mod.ts";
import { conversationOf } from "./chat.ts";
import { scopedEngine, SLOTS } from "./engine.ts";
import { asUserError, UserError } from "./errors.ts";
import { placeOfStop } from "./stop_text.ts";
import { openTokenizer } from "./tokenizer.ts";
import { TokenIds } from "./tokens.ts";
import { makeTool, type Tool } from "./tool.ts";

export interface GenerateOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly context: number;
  /** Samples of each prompt. */
  readonly samples: number;
  readonly max_tokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly top_k?: number;
  readonly top_p?: number;
  readonly seed: number;
  /** Texts that end a completion and are left out of it. */
  readonly stop: readonly string[];
}

const GenerateInput = Schema.Struct({
  ids: Schema.optionalKey(TokenIds),
  prompt: Schema.optionalKey(Schema.String),
  messages: Schema.optionalKey(
    Schema.NonEmptyArray(Schema.Struct({ role: Schema.NonEmptyString, content: Schema.String })),
  ),
}).check(
  Schema.makeFilter(({ ids, prompt, messages }) =>
    [ids, prompt, messages].filter((given) => given !== undefined).length === 1 ||
    'exactly one of "ids", "prompt" and "messages"'
  ),
);

/** Completions of one prompt a line, one object a sample; so many lines at once as fill the slots. */
export const openGenerate = Effect.fnUntraced(
  function* (
    options: GenerateOptions,
  ): Effect.fn.Return<Tool, UserError, Scope.Scope> {
    const { model, adapter, context, samples } = options;
    const loaded = yield* openGenerator({
      model,
      ...(adapter === undefined ? {} : { adapter }),
      context,
      slots: Math.max(samples, SLOTS),
    });
    if (options.stop.length > 0) yield* Effect.fromResult(loaded.tokenizer);
    let line = 0;
    return makeTool({
      name: "generate",
      input: GenerateInput,
      concurrency: Math.ceil(SLOTS / samples),
      answer: ({ ids, prompt, messages }) => {
        // Each line has its own random numbers, so that equal prompts are not answered alike.
        const seed = (options.seed ^ Math.imul(line++, 0x9e3779b1)) >>> 0;
        const asked = ids !== undefined
          ? { ids }
          : messages !== undefined
          ? { messages }
          : { prompt: prompt! };
        return loaded.complete(asked, { ...options, seed });
      },
    });
  },
);

/** What can be asked for each prompt. */
export type Sampling =
  & Pick<
    GenerateOptions,
    "samples" | "max_tokens" | "temperature" | "top_k" | "top_p" | "seed" | "stop"
  >
  & {
    /** The token that ends a completion; the model's own end tokens if not given. */
    readonly stop_token?: number;
  };

export type Asked =
  | { readonly ids: readonly number[] }
  | { readonly prompt: string }
  | { readonly messages: readonly Message[] };

/** One completion, as the command line and the API tell it. */
export interface Sample {
  readonly index: number;
  /** New tokens only. */
  readonly ids: readonly number[];
  readonly text: string | null;
  readonly logprobs: readonly number[];
  readonly finish_reason: "stop" | "length";
}

/** Logits divided by less are no longer numbers; what is asked for below it is greedy. */
const LEAST_TEMPERATURE = 1e-4;

/** A model that completes prompts until its scope closes. */
export interface Generator {
  readonly engine: Engine;
  readonly context: number;
  /** A folder without a tokenizer can still be asked with ids; its completions then have no text. */
  readonly tokenizer: Result.Result<Tokenizer, UserError>;
  readonly row: (asked: Asked) => Effect.Effect<Uint32Array, UserError>;
  /** `onTokens` is told of new tokens while they are sampled, whether or not they come after a stop text. */
  readonly complete: (
    asked: Asked,
    sampling: Sampling,
    onTokens?: (news: readonly NewTokens[]) => void,
  ) => Effect.Effect<Sample[], UserError>;
}

export const openGenerator = Effect.fnUntraced(
  function* (options: {
    readonly model: string;
    readonly adapter?: string;
    readonly context: number;
    /** Samples decoded at once. */
    readonly slots: number;
  }): Effect.fn.Return<Generator, UserError, Scope.Scope> {
    const { context } = options;
    const engine = yield* scopedEngine({ ...options, train: false, tokens_per_pass: context });
    const tokenizer = yield* Effect.result(openTokenizer(options.model));
    const reader = tokenizer._tag === "Success" ? tokenizer.success : undefined;
    const row: Generator["row"] = Effect.fnUntraced(function* (asked) {
      if ("ids" in asked) return yield* notEmpty(Uint32Array.from(asked.ids));
      const encoder = yield* Effect.fromResult(tokenizer);
      if ("prompt" in asked) return yield* notEmpty(encoder.encode(asked.prompt));
      const { eos_token_ids } = engine.config;
      const conversation = yield* conversationOf(options.model, encoder, eos_token_ids);
      return yield* Effect.flatMap(
        Effect.try({ try: () => conversation.prompt(asked.messages), catch: asUserError }),
        (text) => notEmpty(encoder.encode(text, { special: conversation.special })),
      );
    });
    const complete: Generator["complete"] = Effect.fnUntraced(
      function* (asked, sampling, onTokens) {
        const { samples, max_tokens, top_k, top_p, seed } = sampling;
        const temperature = sampling.temperature < LEAST_TEMPERATURE ? 0 : sampling.temperature;
        const prompt = yield* row(asked);
        const completions = yield* Effect.tryPromise({
          try: (signal) =>
            engine.generate({
              signal,
              prompts: [prompt],
              samples,
              max_tokens,
              temperature,
              ...(top_k === undefined ? {} : { top_k }),
              ...(top_p === undefined ? {} : { top_p }),
              seed,
              stop: sampling.stop_token === undefined
                ? engine.config.eos_token_ids
                : [sampling.stop_token],
              ...(onTokens === undefined ? {} : { onTokens }),
            }),
          catch: asUserError,
        });
        return completions.map((completion) => sampleOf(completion, reader, sampling.stop));
      },
    );
    return { engine, context, tokenizer, row, complete };
  },
);

const notEmpty = (row: Uint32Array): Effect.Effect<Uint32Array, UserError> =>
  row.length > 0 ? Effect.succeed(row) : new UserError({
    code: "bad-value",
    message: "expected at least one token to go on from",
  });

const sampleOf = (
  completion: Completion,
  tokenizer: Tokenizer | undefined,
  stop: readonly string[],
): Sample => {
  const { index, finish_reason } = completion;
  const cut = tokenizer === undefined ? undefined : cutAtStop(tokenizer, completion.ids, stop);
  const length = cut?.length ?? completion.ids.length;
  return {
    index,
    ids: [...completion.ids.subarray(0, length)],
    text: cut?.text ?? tokenizer?.decode(completion.ids, { skipSpecial: true }) ?? null,
    logprobs: [...completion.logProbs.subarray(0, length)],
    finish_reason: cut === undefined ? finish_reason : "stop",
  };
};

/** Where the first stop text is complete: the tokens up to there and the text before it. */
const cutAtStop = (
  tokenizer: Tokenizer,
  ids: Uint32Array,
  stop: readonly string[],
): { readonly length: number; readonly text: string } | undefined => {
  if (stop.length === 0) return undefined;
  for (let length = 1; length <= ids.length; length++) {
    const text = tokenizer.decode(ids.subarray(0, length), { skipSpecial: true });
    const place = placeOfStop(text, stop);
    if (place !== undefined) return { length, text: text.slice(0, place) };
  }
  return undefined;
};
