import { Effect } from "effect";
import { extract, render } from "../../ts/rollout/mod.ts";
import { UserError } from "./errors.ts";
import type { Generator } from "./generate.ts";
import { promptsOf } from "./prompts.ts";

export interface Translation {
  readonly code: string;
  /** `length`: it was cut off. */
  readonly finish_reason: "stop" | "length";
}

/** One program in another language, greedily, as `calque translate` does; it is not run. */
export const translate = Effect.fnUntraced(function* (
  generator: Generator,
  folder: string,
  asked: {
    readonly from: string;
    readonly to: string;
    readonly code: string;
    readonly max_tokens: number;
  },
) {
  const prompts = yield* promptsOf(folder, undefined).pipe(
    Effect.mapError((error) => new UserError({ code: "bad-model", message: error.message })),
  );
  const tokenizer = yield* Effect.fromResult(generator.tokenizer);
  const code = asked.code.replace(/\n$/, "");
  const prompt = render(prompts.translation, { source: asked.from, target: asked.to, code });
  const ids = tokenizer.encode(prompt);
  const room = generator.context - ids.length;
  if (ids.length === 0 || room < 1) {
    const message = `key "code": ${ids.length} tokens with its prompt; ` +
      `expected 1 to ${generator.context - 1}, the model's context`;
    return yield* new UserError({ code: "bad-value", message });
  }
  const stop_token = prompts.stop === undefined ? undefined : tokenizer.tokenId(prompts.stop);
  const [sample] = yield* generator.complete({ ids: [...ids] }, {
    samples: 1,
    max_tokens: Math.min(asked.max_tokens, room),
    temperature: 0,
    seed: 0,
    stop: [],
    ...(stop_token === undefined ? {} : { stop_token }),
  });
  const { ids: written, finish_reason } = sample!;
  // As on the command line: special tokens but the last are part of what was written.
  const text = tokenizer.decode(
    Uint32Array.from(finish_reason === "stop" ? written.slice(0, -1) : written),
  );
  const translation: Translation = {
    code: extract(text, prompts.extract).replace(/\n*$/, "\n"),
    finish_reason,
  };
  return translation;
});
