import { Effect } from "effect";
import { onEngine } from "../rollout/mod.ts";
import { Batches } from "./batches.ts";
import { TrainRefused } from "./errors.ts";
import type { Learner, Setting } from "./learner.ts";
import { readMixture } from "./mixture_rows.ts";
import { optimizerOf } from "./optimizer.ts";
import { type Data, defaultPrompts, type Stage } from "./recipe/schema.ts";
import { readSequences } from "./rows.ts";
import { countedTokens, type Sequence } from "./sequences.ts";
import { sftStep } from "./sft.ts";

/** Supervised fine-tuning on rows of a file, or on an arm of Parallel-SFT. */
export const sftLearner = Effect.fn("sftLearner")(function* (setting: Setting) {
  const { stage, tokenizer, context } = setting;
  const data = stage.data!;
  const sequences = data.mixture === undefined
    ? yield* readSequences(data.path, tokenizer, data.loss_on, {
      template: stage.rollout?.prompts.verification ?? defaultPrompts.verification,
      stop: setting.stop.text,
    }, setting.chat)
    : (yield* readMixture(data, {
      prompts: stage.rollout!.prompts,
      stop: setting.stop.text,
      seed: stage.seed,
      tokenizer: yield* tokenizerOf(setting),
      judge: setting.judge,
      concurrency: setting.concurrency,
    })).sequences;
  yield* checkLengths(data.path, sequences, context);
  const batches = new Batches(sequences.length, stage.batch.size!, {
    seed: stage.seed + setting.index,
    shuffle: data.shuffle,
  });
  const optimizer = optimizerOf(stage.optimizer);
  const micro = microOf(stage, data);
  const tokens = sequences.reduce((sum, { ids }) => sum + ids.length, 0);
  return {
    counts: { rows: sequences.length, tokens, loss_tokens: countedTokens(sequences) },
    workload: {
      trained_tokens: stage.batch.size! * tokens / sequences.length,
      sampled_tokens: 0,
      judged: 0,
    },
    longest: longestOf(sequences),
    prepare: () => Effect.void,
    step: (engine, step) =>
      Effect.map(
        onEngine(() => sftStep(engine, sequences, batches, optimizer, step, stage.steps, micro)),
        (metrics) => ({ metrics }),
      ),
  } satisfies Learner as Learner;
});

/** Rows handed to the engine at once: without packing one, so that no two share a pass. */
export const microOf = (stage: Stage, data?: Data): number =>
  stage.batch.micro ?? (data?.packing === false ? 1 : Infinity);

export const longestOf = (rows: readonly { readonly ids: Uint32Array }[]): number =>
  rows.reduce((longest, { ids }) => Math.max(longest, ids.length), 1);

/** A row that does not fit is named now, not when its batch comes. */
export const checkLengths = (
  file: string,
  rows: readonly Pick<Sequence, "ids">[],
  context: number,
): Effect.Effect<void, TrainRefused> => {
  const long = rows.findIndex(({ ids }) => ids.length > context);
  return long < 0 ? Effect.void : Effect.fail(
    new TrainRefused({
      code: "row-unusable",
      message: `${file}: row ${long + 1} has ${rows[long]!.ids.length} tokens; the context holds ` +
        `${context} (engine.context, and the model's max_position_embeddings)`,
    }),
  );
};

export const tokenizerOf = ({ tokenizer, stage }: Setting) =>
  tokenizer === undefined
    ? Effect.fail(
      new TrainRefused({
        code: "tokenizer",
        message: `${
          typeof stage.model === "string" ? stage.model : stage.model.init
        }: expected a tokenizer.json; method "${stage.method}" reads text`,
      }),
    )
    : Effect.succeed(tokenizer);
