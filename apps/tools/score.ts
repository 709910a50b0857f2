import { Effect, Exit, Request, RequestResolver, Schema, type Scope } from "effect";
import type { Engine } from "../../ts/model/mod.ts";
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

interface Scored extends Request.Request<Float32Array, UserError> {
  readonly row: Uint32Array;
}
const Scored = Request.of<Scored>();

/** Rows asked for at once go through the model together; if one is refused, each goes alone. */
const scorerOf = (engine: Engine): RequestResolver.RequestResolver<Scored> => {
  const score = (entries: readonly Request.Entry<Scored>[]) =>
    Effect.tryPromise({
      try: () => engine.logProbs(entries.map(({ request: { row } }) => row), { temperature: 1 }),
      catch: asUserError,
    }).pipe(
      Effect.map((all) => all.forEach((one, i) => entries[i]!.completeUnsafe(Exit.succeed(one)))),
    );
  return RequestResolver.make<Scored>((entries) =>
    Effect.catch(
      score(entries),
      () =>
        Effect.forEach(entries, (entry) =>
          Effect.catch(score([entry]), (error) =>
            Effect.sync(() =>
              entry.completeUnsafe(Exit.fail(error))
            )), { discard: true }),
    )
  );
};

/** Lines scored at once. */
const LINES = 64;

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
    const scorer = scorerOf(engine);
    return makeTool({
      name: "score",
      input: ScoreInput,
      concurrency: LINES,
      answer: Effect.fnUntraced(function* ({ ids, text }) {
        const row = ids !== undefined
          ? Uint32Array.from(ids)
          : (yield* Effect.fromResult(tokenizer)).encode(text!);
        if (row.length === 0) return [{ ids: [], logprobs: [] }];
        const logProbs = yield* Effect.request(Scored({ row }), scorer);
        return [{ ids: [...row], logprobs: [...logProbs].map((p, t) => t === 0 ? null : p) }];
      }),
    });
  },
);
