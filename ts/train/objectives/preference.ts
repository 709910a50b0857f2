import { masked, mean, rowsByGroup, zeros } from "./batch.ts";
import type { Objective, Ragged } from "./batch.ts";

/** Responses of several prompts, each known to be a winner or a loser. */
export interface PreferenceBatch {
  readonly logp: Ragged;
  readonly ref_logp: Ragged;
  readonly mask: Ragged;
  readonly group: ArrayLike<number>;
  readonly winner: readonly boolean[];
}

export interface PreferenceConfig {
  readonly method: "dpo" | "gepo" | "softmax-group";
  readonly beta: number;
  /** GEPO: weight of the variance of the winners' log-ratios. */
  readonly lambda?: number;
  /** GEPO: the variance is of implicit rewards (beta * log-ratio) rather than of log-ratios. */
  readonly beta_inside_variance?: boolean;
  /** The log-ratio is per token: divided by the response's length. */
  readonly length_normalised?: boolean;
}

/**
 * GEPO (arXiv 2505.12723, eq. 8): `-log sigmoid(beta (mean winners - mean losers)) + lambda * variance of
 * the winners`, over log-ratios of whole responses, variance with 1/n. DPO is GEPO of one pair.
 * softmax-group: `-log(sum of winners' exp(beta rhat) / sum of all)`. The loss is the mean over groups.
 */
export const preferenceObjective = (
  batch: PreferenceBatch,
  config: PreferenceConfig,
): Objective => {
  const ratios = batch.mask.map((_, i) => logRatio(batch, config, i));
  const groups = rowsByGroup(batch.group).map((rows) => ({
    winners: rows.filter((i) => batch.winner[i]),
    losers: rows.filter((i) => !batch.winner[i]),
  }));
  const slopes: number[] = new Array(ratios.length).fill(0);
  const seen = { preference: 0, variance: 0, chosen: 0, rejected: 0, right: 0 };
  let loss = 0;
  for (const { winners, losers } of groups) {
    if (winners.length === 0 || losers.length === 0) {
      throw new RangeError("a group needs at least one winner and one loser");
    }
    const w = winners.map((i) => ratios[i]!);
    const l = losers.map((i) => ratios[i]!);
    const group = config.method === "softmax-group"
      ? softmaxGroup(w, l, config.beta)
      : groupEquivalent(w, l, config);
    winners.forEach((i, k) => slopes[i] = group.winners[k]! / groups.length);
    losers.forEach((i, k) => slopes[i] = group.losers[k]! / groups.length);
    loss += group.loss / groups.length;
    seen.preference += group.preference / groups.length;
    seen.variance += variance(w) / groups.length;
    seen.chosen += config.beta * mean(w) / groups.length;
    seen.rejected += config.beta * mean(l) / groups.length;
    seen.right += Number(mean(w) > mean(l)) / groups.length;
  }
  const dlogp = zeros(batch.logp);
  batch.mask.forEach((mask, i) => {
    const share = config.length_normalised ? 1 / Math.max(1, masked(mask)) : 1;
    for (let t = 0; t < mask.length; t++) if (mask[t]) dlogp[i]![t] = slopes[i]! * share;
  });
  return {
    loss,
    dlogp,
    metrics: {
      preference_loss: seen.preference,
      winner_variance: seen.variance,
      "rewards/chosen": seen.chosen,
      "rewards/rejected": seen.rejected,
      "rewards/margins": seen.chosen - seen.rejected,
      "rewards/accuracies": seen.right,
    },
  };
};

/** Loss of one group and its derivative at each log-ratio. */
interface GroupLoss {
  readonly loss: number;
  /** The part without the variance. */
  readonly preference: number;
  readonly winners: readonly number[];
  readonly losers: readonly number[];
}

const groupEquivalent = (
  w: readonly number[],
  l: readonly number[],
  config: PreferenceConfig,
): GroupLoss => {
  const { beta, beta_inside_variance = false } = config;
  const lambda = config.method === "gepo"
    ? (config.lambda ?? 1) * (beta_inside_variance ? beta * beta : 1)
    : 0;
  const margin = beta * (mean(w) - mean(l));
  const preference = softplus(-margin);
  const push = beta / (1 + Math.exp(margin));
  const centre = mean(w);
  return {
    preference,
    loss: preference + lambda * variance(w),
    winners: w.map((r) => (2 * lambda * (r - centre) - push) / w.length),
    losers: l.map(() => push / l.length),
  };
};

const softmaxGroup = (
  w: readonly number[],
  l: readonly number[],
  beta: number,
): GroupLoss => {
  const all = logSumExp([...w, ...l].map((r) => beta * r));
  const good = logSumExp(w.map((r) => beta * r));
  return {
    preference: all - good,
    loss: all - good,
    winners: w.map((r) => beta * (Math.exp(beta * r - all) - Math.exp(beta * r - good))),
    losers: l.map((r) => beta * Math.exp(beta * r - all)),
  };
};

/** `sum of (logp - ref_logp)` over counted tokens, or its mean. */
const logRatio = (batch: PreferenceBatch, config: PreferenceConfig, i: number): number => {
  const mask = batch.mask[i]!;
  let sum = 0;
  for (let t = 0; t < mask.length; t++) {
    if (mask[t]) sum += batch.logp[i]![t]! - batch.ref_logp[i]![t]!;
  }
  return config.length_normalised ? sum / Math.max(1, masked(mask)) : sum;
};

const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return mean(values.map((v) => (v - centre) ** 2));
};

/** log(1 + e^x) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const logSumExp = (values: readonly number[]): number => {
  const high = values.reduce((a, b) => Math.max(a, b));
  return high + Math.log(values.reduce((sum, v) => sum + Math.exp(v - high), 0));
};
