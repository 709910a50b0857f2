import { Effect } from "effect";
import { availableParallelism } from "node:os";
import {
  type AnswerTexts,
  askYesNo,
  evaluate,
  type Evaluated,
  likelihoods,
  type Probe,
  probe,
  type ProbeTexts,
  tokenizeAnswers,
  type YesNoAnswer,
  type YesNoQuestion,
  yesNoRows,
} from "../../../ts/evaluate/mod.ts";
import { readModelConfig } from "../../../ts/model/mod.ts";
import { type Problem, rememberingJudge } from "../../../ts/rollout/mod.ts";
import { scopedEngine } from "../../tools/engine.ts";
import { asUserError } from "../../tools/mod.ts";
import { openTokenizer } from "../../tools/tokenizer.ts";
import { progressLine } from "../progress.ts";
import type { Prompts } from "./prompts.ts";
import { stopTokens } from "./stop.ts";

/** What a model is asked: problems to solve, answers to be found likely or not, and yes or no. */
export interface Asked {
  readonly problems: readonly Problem[];
  readonly answers: Readonly<Record<string, readonly AnswerTexts[]>>;
  readonly yesNo: readonly YesNoQuestion[] | undefined;
  readonly probe: ProbeTexts | undefined;
  readonly prompts: Prompts;
  readonly samples: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
}

/** Opens a model, asks it everything, and closes it. `name` tells the progress of two apart. */
export const measure = Effect.fnUntraced(function* (
  { name, model, adapter }: {
    readonly name: string;
    readonly model: string;
    readonly adapter: string | undefined;
  },
  asked: Asked,
) {
  const { problems, prompts, maxTokens, temperature, seed, samples } = asked;
  const tokenizer = yield* openTokenizer(model);
  const config = yield* Effect.tryPromise({
    try: () => readModelConfig(model),
    catch: asUserError,
  });
  const context = config.max_position_embeddings;
  const fitting = Object.entries(asked.answers).map(([kind, texts]) =>
    [kind, tokenizeAnswers(texts, tokenizer, context)] as const
  );
  const words = (asked.yesNo ?? []).flatMap(({ prompt }) =>
    yesNoRows(tokenizer, prompt).map(({ ids }) => ids.length)
  ).filter((length) => length <= context);
  const longest = Math.max(
    1,
    ...words,
    ...problems.map(({ prompt }) => tokenizer.encode(prompt).length + maxTokens),
    ...fitting.flatMap(([, groups]) =>
      groups.flatMap(({ answers }) => answers.map(({ ids }) => ids.length))
    ),
  );
  const programs = (asked.probe?.texts ?? []).flat().map((text) =>
    tokenizer.encode(text).length + 1
  );
  const most = Math.max(longest, ...programs);
  const engine = yield* scopedEngine({
    model,
    ...(adapter === undefined ? {} : { adapter }),
    train: false,
    tokens_per_pass: Math.max(1024, most),
    context: most,
    slots: problems.length === 0 ? 0 : 64,
  });
  const judged = progressLine(`samples judged${name}`);
  const solved: Evaluated | undefined = problems.length === 0
    ? undefined
    : yield* evaluate(engine, tokenizer, problems, {
      samples,
      max_tokens: maxTokens,
      temperature,
      seed,
      stop: yield* stopTokens(engine, tokenizer, prompts),
      extract: prompts.extract,
      judge: rememberingJudge(),
      concurrency: availableParallelism(),
      onProgress: (doing, done, of) => doing === "judging" && judged(done, of),
    });
  const scored = yield* Effect.forEach(
    fitting,
    ([kind, groups]) =>
      Effect.map(
        likelihoods(engine, groups, progressLine(`${kind} scored${name}`)),
        (found) => [kind, found] as const,
      ),
  );
  const yesNo: readonly YesNoAnswer[] | undefined = asked.yesNo === undefined
    ? undefined
    : yield* askYesNo(
      engine,
      tokenizer,
      asked.yesNo,
      context,
      progressLine(`questions answered${name}`),
    );
  const probed: Probe | undefined = asked.probe === undefined ? undefined : yield* probe(
    engine,
    tokenizer,
    asked.probe,
    seed,
    progressLine(`languages probed${name}`),
  );
  return { solved, probed, yesNo, likelihoods: Object.fromEntries(scored) };
}, Effect.scoped);

export type Measured = Effect.Success<ReturnType<typeof measure>>;
