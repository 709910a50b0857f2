import {
  baselineAdvantages,
  centred,
  groupAdvantages,
  leaveOneOutAdvantages,
  reinforceAdvantages,
  spread,
} from "./advantages.ts";
import {
  forMasked,
  membersOf,
  type Objective,
  type PolicyBatch,
  type Ragged,
  tokensOf,
} from "./batch.ts";
import { type Normalise, tokenWeights } from "./normalise.ts";
import { policyMetrics } from "./policy_metrics.ts";
import { cispoSurrogate, sequenceSurrogate, type Surrogate, tokenSurrogate } from "./surrogate.ts";

export const algorithms = [
  "reinforce++",
  "reinforce++-baseline",
  "rloo",
  "grpo",
  "dapo",
  "dr-grpo",
  "gspo",
  "cispo",
] as const;
export type Algorithm = typeof algorithms[number];

export interface PolicyConfig {
  readonly algorithm: Algorithm;
  /** The ratio is kept in [1 - clip_low, 1 + clip_high]. */
  readonly clip_low: number;
  readonly clip_high: number;
  readonly normalise: Normalise;
  /** Tokens, for `normalise: "constant"`. */
  readonly max_length: number;
  /** REINFORCE++: coefficient of the k1 estimate in the token reward. */
  readonly kl_in_reward: number;
  /** Coefficient of the k2 estimate added to the loss. */
  readonly kl_loss: number;
  /** REINFORCE++: discount of the return per token. */
  readonly gamma: number;
  /** CISPO: bound of the ratio itself. */
  readonly max_ratio: number;
  /** DAPO: rows that were cut off stay in their group's statistics, but not in the loss. */
  readonly mask_truncated: boolean;
  /** DAPO: groups whose rewards are all equal leave the loss. */
  readonly dynamic_sampling: boolean;
  /** DAPO: `clamp((max_length - cache - tokens) / cache, -1, 0)` is added to the reward. */
  readonly overlong_penalty?: { readonly max_length: number; readonly cache: number };
  /** Decoupled objective: bound of `exp(old_logp - behaviour_logp)`. */
  readonly behaviour_cap?: number;
}

/** What is settled for a batch of rollouts before its updates: constants of the loss. */
export interface Credit {
  /** The batch's mask without the rows that are out of the loss. */
  readonly mask: Ragged;
  readonly advantages: readonly Float64Array[];
}

/** Advantages over the whole batch; updates on parts of it then share them. */
export const assignCredit = (config: PolicyConfig, batch: PolicyBatch): Credit => {
  const mask = rowsInLoss(config, batch);
  const rewards = shapedRewards(config, batch);
  const advantages = () => {
    switch (config.algorithm) {
      case "reinforce++":
        return reinforceAdvantages({ ...batch, rewards, mask }, config);
      case "reinforce++-baseline":
        return baselineAdvantages({ ...batch, rewards, mask });
      case "rloo":
        return spread(leaveOneOutAdvantages(rewards, batch.group), batch.mask);
      case "dr-grpo":
        return spread(centred(rewards, batch.group), batch.mask);
      case "grpo":
      case "dapo":
      case "gspo":
      case "cispo":
        return spread(groupAdvantages(rewards, batch.group), batch.mask);
    }
  };
  return { mask, advantages: advantages() };
};

/** The loss of `batch` (all of a batch of rollouts, or some rows of it with their part of the credit). */
export const policyObjective = (
  config: PolicyConfig,
  batch: PolicyBatch,
  credit: Credit = assignCredit(config, batch),
): Objective & { readonly advantages: readonly Float64Array[] } => {
  const inLoss = { ...batch, mask: credit.mask };
  const surrogate = surrogateOf(config, inLoss, credit);
  let kl = 0;
  if (config.kl_loss > 0) {
    const weights = tokenWeights(config.normalise, credit.mask, config.max_length);
    forMasked(credit.mask, (row, t) => {
      const d = batch.logp[row]![t]! - batch.ref_logp![row]![t]!;
      kl += weights[row]! * d * d / 2;
      surrogate.dlogp[row]![t]! += config.kl_loss * weights[row]! * d;
    });
  }
  return {
    loss: surrogate.loss + config.kl_loss * kl,
    dlogp: surrogate.dlogp,
    advantages: credit.advantages,
    metrics: {
      policy_loss: surrogate.loss,
      ...(config.kl_loss > 0 ? { kl_loss: kl } : {}),
      ...policyMetrics(config, inLoss, surrogate),
    },
  };
};

const surrogateOf = (config: PolicyConfig, batch: PolicyBatch, credit: Credit): Surrogate => {
  // Every masked token of a row holds the row's advantage, so the first one tells it.
  const ofRows = () =>
    credit.advantages.map((tokens, row) => {
      const t = Array.prototype.indexOf.call(credit.mask[row]!, 1);
      return t < 0 ? 0 : tokens[t]!;
    });
  switch (config.algorithm) {
    case "rloo":
      return sequenceSurrogate(config, batch, ofRows(), "sum");
    case "gspo":
      return sequenceSurrogate(config, batch, ofRows(), "mean");
    case "cispo":
      return cispoSurrogate(config, batch, credit.advantages);
    default:
      return tokenSurrogate(config, batch, credit.advantages);
  }
};

const rowsInLoss = (config: PolicyConfig, batch: PolicyBatch): Ragged => {
  const out = new Set<number>();
  if (config.mask_truncated) {
    batch.truncated?.forEach((cut, row) => {
      if (cut) out.add(row);
    });
  }
  if (config.dynamic_sampling) {
    for (const rows of membersOf(batch.group)) {
      const first = batch.rewards[rows[0]!];
      if (rows.every((row) => batch.rewards[row] === first)) rows.forEach((row) => out.add(row));
    }
  }
  return out.size === 0
    ? batch.mask
    : batch.mask.map((mask, row) => out.has(row) ? new Uint8Array(mask.length) : mask);
};

const shapedRewards = (config: PolicyConfig, batch: PolicyBatch): readonly number[] => {
  const penalty = config.overlong_penalty;
  if (penalty === undefined) return batch.rewards;
  const tokens = tokensOf(batch.mask);
  return batch.rewards.map((reward, row) => {
    const over = (penalty.max_length - penalty.cache - tokens[row]!) / penalty.cache;
    return reward + Math.min(0, Math.max(-1, over));
  });
};
