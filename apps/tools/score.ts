import { Effect, Schema, type Scope } from "effect";
import { scopedEngine } from "./engine.ts";
import { asUserError, UserError } from "./errors.ts";
import { TokenIds } from "./tokens.ts";
import { openTokenizer } from "./tokenizer.ts";
import { makeTool, type Tool } from "./tool.ts";

const ScoreInput = Schema.Struct({
  ids: Schema.optionalKey(TokenIds),
  text: Schema.optionalKey(Schema.String),
}).check(
  Schema.makeFilter((input) =>
    (input.ids === undefined) !== (input.text === undefined) || 'exactly one of "ids" and "text"'
  ),
);

/** Natural logs of each token's probability given those before it, at temperature 1; the first is null. */
export const openScore = Effect.fnUntraced(
  function* (options: {
    readonly model: string;
    readonly adapter?: string;
    readonly context: number;
  }): Effect.fn.Return<Tool, UserError, Scope.Scope> {
    const { model, adapter, context } = options;
    const engine = yield* scopedEngine({
      model,
      ...(adapter === undefined ? {} : { adapter }),
      train: false,
      tokens_per_pass: context,
      context,
    });
    // A folder without a tokenizer can still be asked with ids.
    const tokenizer = yield* Effect.result(openTokenizer(model));
    return makeTool({
      name: "score",
      input: ScoreInput,
      answer: Effect.fnUntraced(function* ({ ids, text }) {
        const row = ids !== undefined
          ? Uint32Array.from(ids)
          : (yield* Effect.fromResult(tokenizer)).encode(text!);
        if (row.length === 0) return [{ ids: [], logprobs: [] }];
        const [logProbs] = yield* Effect.tryPromise({
          try: () => engine.logProbs([row], { temperature: 1 }),
          catch: asUserError,
        });
        return [{ ids: [...row], logprobs: [...logProbs!].map((p, t) => t === 0 ? null : p) }];
      }),
    });
  },
);
