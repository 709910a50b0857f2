import type { Engine } from "../model/mod.ts";
import type { Rollout } from "../rollout/mod.ts";
import { accumulateRows } from "./accumulate.ts";
import {
  assignCredit,
  type PolicyBatch,
  type PolicyConfig,
  policyObjective,
} from "./objectives/mod.ts";
import type { ObjectiveKeys } from "./recipe/schema.ts";

/** Rollouts as the objective takes them; a row is the prompt's tokens and the completion's. */
export interface PolicyRows {
  readonly rows: readonly Uint32Array[];
  readonly batch: PolicyBatch;
}

/** Rollouts that the judge failed on are left out: they say nothing of the policy. */
export const policyRows = (rollouts: readonly Rollout[]): PolicyRows => {
  const judged = rollouts.filter(({ reward }) => reward !== null);
  const rows = judged.map(({ prompt_ids, ids }) => {
    const row = new Uint32Array(prompt_ids.length + ids.length);
    row.set(prompt_ids);
    row.set(ids, prompt_ids.length);
    return row;
  });
  const sampled = judged.map(({ prompt_ids, logProbs }, i) => {
    const row = new Float32Array(rows[i]!.length);
    row.set(logProbs, prompt_ids.length);
    return row;
  });
  return {
    rows,
    batch: {
      // The weights that sampled are those that are trained, and so are the kernels: no second pass.
      logp: sampled,
      old_logp: sampled,
      mask: judged.map(({ prompt_ids }, i) =>
        new Uint8Array(rows[i]!.length).fill(1, prompt_ids.length)
      ),
      rewards: judged.map(({ reward }) => reward!),
      group: judged.map(({ group }) => group),
      truncated: judged.map(({ truncated }) => truncated),
    },
  };
};

/**
 * A batch whose sampling weights are not those to be trained: the ratio is to the latter, which moves by
 * this batch's updates alone, and each token weighs as much likelier as they find it (the decoupled
 * objective of AReaL, arXiv 2505.24298).
 */
export const decoupled = (batch: PolicyBatch, proximal: readonly Float32Array[]): PolicyBatch => ({
  ...batch,
  logp: proximal,
  old_logp: proximal,
  behaviour_logp: batch.old_logp,
});

/** What one update's forward and backward found. */
export interface PolicyPass {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** |sampler's - trainer's log-prob| over completion tokens of the rows that were trained on. */
  readonly gap: { readonly mean: number; readonly max: number };
  /** Mean over the same tokens, in nats. */
  readonly entropy: number;
  readonly tokens: number;
}

/**
 * Adds the gradient of the policy loss of rows [first, end) to the engine's. `fresh`: the weights have
 * not moved since sampling, so the sampler's log-probs are the policy's.
 */
export const accumulatePolicy = async (
  engine: Engine,
  config: PolicyConfig,
  { rows, batch }: PolicyRows,
  options: {
    readonly first: number;
    readonly end: number;
    readonly fresh: boolean;
    readonly temperature: number;
    readonly micro: number;
  },
): Promise<PolicyPass> => {
  const { first, end, temperature, micro } = options;
  const credit = assignCredit(config, batch);
  const own = rows.slice(first, end);
  const part: PolicyBatch = {
    logp: options.fresh
      ? batch.logp.slice(first, end)
      : await engine.logProbs(own, { temperature }),
    old_logp: batch.old_logp.slice(first, end),
    ...(batch.behaviour_logp ? { behaviour_logp: batch.behaviour_logp.slice(first, end) } : {}),
    ...(batch.ref_logp ? { ref_logp: batch.ref_logp.slice(first, end) } : {}),
    mask: batch.mask.slice(first, end),
    rewards: batch.rewards.slice(first, end),
    group: batch.group.slice(first, end),
    ...(batch.truncated ? { truncated: batch.truncated.slice(first, end) } : {}),
  };
  const sampled = part.behaviour_logp ?? part.logp;
  const objective = policyObjective(config, part, {
    mask: credit.mask.slice(first, end),
    advantages: credit.advantages.slice(first, end),
  });
  const { logProbs, entropy } = await accumulateRows(engine, own, objective.dlogp, {
    temperature,
    micro,
    skipZero: true,
  });
  let [gapSum, gapMax, entropySum, tokens] = [0, 0, 0, 0];
  logProbs.forEach((trained, i) => {
    if (trained === undefined) return;
    for (let t = 0; t < trained.length; t++) {
      if (part.mask[i]![t] !== 1) continue;
      const gap = Math.abs(trained[t]! - sampled[i]![t]!);
      gapSum += gap;
      gapMax = Math.max(gapMax, gap);
      entropySum += entropy[i]![t]!;
      tokens++;
    }
  });
  return {
    loss: objective.loss,
    metrics: objective.metrics,
    gap: { mean: gapSum / Math.max(1, tokens), max: gapMax },
    entropy: entropySum / Math.max(1, tokens),
    tokens: own.reduce((sum, row, i) => sum + (logProbs[i] === undefined ? 0 : row.length), 0),
  };
};

/** The objective that a recipe describes. */
export const policyConfigOf = (keys: ObjectiveKeys, max_tokens: number): PolicyConfig => ({
  algorithm: keys.algorithm,
  clip_low: keys.clip_low,
  clip_high: keys.clip_high,
  normalise: keys.normalise!,
  max_length: max_tokens,
  kl_in_reward: keys.algorithm === "reinforce++" ? keys.kl_in_reward : 0,
  kl_loss: keys.kl_loss,
  gamma: keys.gamma,
  max_ratio: keys.max_ratio,
  mask_truncated: keys.truncated === "mask",
  dynamic_sampling: keys.dynamic_sampling,
  behaviour_cap: keys.behaviour_cap,
  ...(keys.overlong_cache === undefined
    ? {}
    : { overlong_penalty: { max_length: max_tokens, cache: keys.overlong_cache } }),
});

/** Whether the loss needs the reference policy's log-probs. */
export const needsReference = (config: Pick<PolicyConfig, "kl_in_reward" | "kl_loss">): boolean =>
  config.kl_in_reward > 0 || config.kl_loss > 0;
