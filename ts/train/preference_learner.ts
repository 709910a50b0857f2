import { Effect } from "effect";
import type { Engine } from "../model/mod.ts";
import { type EngineError, onEngine } from "../rollout/mod.ts";
import { Batches } from "./batches.ts";
import { pairsOf, readIrGroups } from "./ir_groups.ts";
import type { Learner, Setting } from "./learner.ts";
import type { PreferenceConfig } from "./objectives/mod.ts";
import { optimizerOf, updateAt } from "./optimizer.ts";
import {
  accumulatePreference,
  type PreferenceGroup,
  type ReferenceLogProbs,
  referenceLogProbs,
} from "./preference_step.ts";
import { defaultPrompts } from "./recipe/schema.ts";
import { readPairs } from "./rows.ts";
import { checkLengths, longestOf, microOf, tokenizerOf } from "./sft_learner.ts";

/** Groups of answers in batches, with the log-probs that the model of before training gives them. */
export interface PreferenceTerm {
  readonly groups: readonly PreferenceGroup[];
  readonly longest: number;
  /** Tokens that a step trains on, in the mean. */
  readonly tokens: number;
  readonly prepare: (engine: Engine) => Effect.Effect<void, EngineError>;
  /** Adds the gradient of this step's groups to the engine's. */
  readonly accumulate: (
    engine: Engine,
    step: number,
  ) => ReturnType<typeof accumulatePreference>;
}

const term = (
  setting: Setting,
  groups: readonly PreferenceGroup[],
  config: PreferenceConfig,
  perStep: number,
  shuffle: boolean,
): PreferenceTerm => {
  const { stage, index, tell } = setting;
  const batches = new Batches(groups.length, perStep, { seed: stage.seed + index, shuffle });
  // Only groups that some step will see are worth a forward pass.
  const visited = () => {
    const seen = new Set<number>();
    for (let step = 1; step <= stage.steps && seen.size < groups.length; step++) {
      batches.at(step).forEach((i) => seen.add(i));
    }
    return [...seen].sort((a, b) => a - b).map((i) => groups[i]!);
  };
  const members = groups.flatMap(({ members }) => members);
  let reference: ReferenceLogProbs = new Map();
  return {
    groups,
    longest: longestOf(members),
    tokens: perStep * members.reduce((sum, { ids }) => sum + ids.length, 0) / groups.length,
    prepare: (engine) =>
      onEngine(async () => {
        reference = await referenceLogProbs(engine, visited(), (done, of) =>
          tell("reference", done, of));
      }),
    accumulate: (engine, step) =>
      accumulatePreference(
        engine,
        config,
        batches.at(step).map((i) => groups[i]!),
        reference,
        microOf(stage),
      ),
  };
};

/** GEPO, or what it is compared with, over IR groups. */
export const gepoTerm = Effect.fn("gepoTerm")(function* (setting: Setting) {
  const { stage, context, stop } = setting;
  const gepo = stage.objective.gepo!;
  const tokenizer = yield* tokenizerOf(setting);
  const groups = yield* readIrGroups(tokenizer, {
    file: gepo.groups,
    tiers: gepo.tiers,
    prompt: stage.rollout?.prompts.ir ?? defaultPrompts.ir,
    stop: stop.text,
    context,
  });
  return term(
    setting,
    gepo.loss === "dpo" ? groups.flatMap(pairsOf) : groups,
    {
      kind: gepo.loss,
      beta: gepo.beta,
      lambda: gepo.lambda,
      beta_inside_variance: gepo.beta_inside_variance,
      sample_variance: gepo.sample_variance,
      length_normalised: gepo.length_normalised,
    },
    gepo.per_step,
    true,
  );
});

/** DPO over pairs of answers. */
const dpoTerm = Effect.fn("dpoTerm")(function* (setting: Setting) {
  const { stage, context } = setting;
  const data = stage.data!;
  const pairs = yield* readPairs(data.path, yield* tokenizerOf(setting));
  yield* checkLengths(data.path, pairs.flatMap(({ members }) => members.slice(0, 1)), context);
  yield* checkLengths(data.path, pairs.flatMap(({ members }) => members.slice(1)), context);
  const config: PreferenceConfig = {
    kind: "dpo",
    beta: stage.objective.beta,
    lambda: 0,
    beta_inside_variance: false,
    sample_variance: false,
    length_normalised: false,
  };
  return term(setting, pairs, config, stage.batch.size!, data.shuffle);
});

/** DPO, or GEPO alone. */
export const preferenceLearner = Effect.fn("preferenceLearner")(function* (setting: Setting) {
  const { stage } = setting;
  const preference = yield* (stage.method === "dpo" ? dpoTerm(setting) : gepoTerm(setting));
  const optimizer = optimizerOf(stage.optimizer);
  return {
    counts: {
      groups: preference.groups.length,
      members: preference.groups.reduce((sum, { members }) => sum + members.length, 0),
    },
    workload: { trained_tokens: preference.tokens, sampled_tokens: 0, judged: 0 },
    longest: preference.longest,
    prepare: preference.prepare,
    step: (engine, step) =>
      onEngine(async () => {
        const started_ms = performance.now();
        const { loss, metrics, tokens } = await preference.accumulate(engine, step);
        const { skipped, ...update } = await updateAt(engine, optimizer, step, stage.steps);
        const step_s = (performance.now() - started_ms) / 1000;
        return {
          metrics: {
            loss,
            ...update,
            ...metrics,
            num_tokens: tokens,
            trained_tokens_per_s: tokens / step_s,
            step_s,
            skipped: skipped ? 1 : 0,
          },
        };
      }),
  } satisfies Learner as Learner;
});
