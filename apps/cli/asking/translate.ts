import { Effect } from "effect";
import { extract, render } from "../../../ts/rollout/mod.ts";
import { scopedEngine } from "../../tools/engine.ts";
import { asUserError } from "../../tools/mod.ts";
import { openTokenizer } from "../../tools/tokenizer.ts";
import { ExitWith } from "../exit.ts";
import { writeErr, writeOut } from "../output.ts";
import { readText } from "../stdin.ts";
import { promptsOf } from "./prompts.ts";
import { stopTokens } from "./stop.ts";

export interface TranslateFlags {
  readonly model: string;
  readonly adapter: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly file: string | undefined;
  readonly maxTokens: number;
  readonly prompts: string | undefined;
}

/** Prints the translation; one that was cut off is printed too, and the exit is 3. */
export const translateProgram = Effect.fnUntraced(function* (flags: TranslateFlags) {
  const { model, adapter, maxTokens } = flags;
  const prompts = yield* promptsOf(model, flags.prompts);
  const code = (yield* readText(flags.file)).replace(/\n$/, "");
  const prompt = render(prompts.translation, { source: flags.from, target: flags.to, code });
  const tokenizer = yield* openTokenizer(model);
  const ids = tokenizer.encode(prompt);
  const engine = yield* scopedEngine({
    model,
    ...(adapter === undefined ? {} : { adapter }),
    train: false,
    tokens_per_pass: Math.max(64, ids.length),
    context: ids.length + maxTokens,
    slots: 1,
  });
  const stop = yield* stopTokens(engine, tokenizer, prompts);
  const [completion] = yield* Effect.tryPromise({
    try: () =>
      engine.generate({
        prompts: [ids],
        samples: 1,
        max_tokens: maxTokens,
        temperature: 0,
        seed: 0,
        stop,
      }),
    catch: asUserError,
  });
  const { ids: written, finish_reason } = completion!;
  const text = tokenizer.decode(finish_reason === "stop" ? written.subarray(0, -1) : written);
  yield* writeOut(extract(text, prompts.extract).replace(/\n*$/, "\n"));
  if (finish_reason === "length") {
    yield* writeErr(`warning: cut off after ${maxTokens} tokens; --max-tokens allows more\n`);
    return yield* new ExitWith({ exit: 3 });
  }
}, Effect.scoped);
