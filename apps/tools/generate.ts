import { Effect, Schema, type Scope } from "effect";
import type { Completion } from "../../ts/model/mod.ts";
import type { Tokenizer } from "../../ts/wasm/mod.ts";
import { scopedEngine } from "./engine.ts";
import { asUserError, UserError } from "./errors.ts";
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
}).check(
  Schema.makeFilter((input) =>
    (input.ids === undefined) !== (input.prompt === undefined) ||
    'exactly one of "ids" and "prompt"'
  ),
);

/** Completions of one prompt a line, one object a sample. */
export const openGenerate = Effect.fnUntraced(
  function* (
    options: GenerateOptions,
  ): Effect.fn.Return<Tool, UserError, Scope.Scope> {
    const { model, adapter, context, samples } = options;
    const engine = yield* scopedEngine({
      model,
      ...(adapter === undefined ? {} : { adapter }),
      train: false,
      tokens_per_pass: context,
      context,
      slots: samples,
    });
    // A folder without a tokenizer can still be asked with ids; its completions then have no text.
    const tokenizer = yield* Effect.result(openTokenizer(model));
    if (options.stop.length > 0) yield* Effect.fromResult(tokenizer);
    const reader = tokenizer._tag === "Success" ? tokenizer.success : undefined;
    let line = 0;
    return makeTool({
      name: "generate",
      input: GenerateInput,
      answer: Effect.fnUntraced(function* ({ ids, prompt }) {
        const row = ids !== undefined
          ? Uint32Array.from(ids)
          : (yield* Effect.fromResult(tokenizer)).encode(prompt!);
        if (row.length === 0) {
          const message = "expected at least one token to go on from";
          return yield* new UserError({ code: "bad-value", message });
        }
        // Each line has its own random numbers, so that equal prompts are not answered alike.
        const seed = (options.seed ^ Math.imul(line++, 0x9e3779b1)) >>> 0;
        const completions = yield* Effect.tryPromise({
          try: () =>
            engine.generate({
              prompts: [row],
              samples,
              max_tokens: options.max_tokens,
              temperature: options.temperature,
              ...(options.top_k === undefined ? {} : { top_k: options.top_k }),
              ...(options.top_p === undefined ? {} : { top_p: options.top_p }),
              seed,
              stop: engine.config.eos_token_ids,
            }),
          catch: asUserError,
        });
        return completions.map((completion) => sampleOf(completion, reader, options.stop));
      }),
    });
  },
);

const sampleOf = (
  completion: Completion,
  tokenizer: Tokenizer | undefined,
  stop: readonly string[],
): object => {
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
    const places = stop.map((end) => text.indexOf(end)).filter((place) => place >= 0);
    if (places.length > 0) return { length, text: text.slice(0, Math.min(...places)) };
  }
  return undefined;
};
