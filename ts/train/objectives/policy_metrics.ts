import {
  deviation,
  forMasked,
  mean,
  membersOf,
  type PolicyBatch,
  ratioOf,
  tokensOf,
} from "./batch.ts";
import type { PolicyConfig } from "./policy.ts";
import type { Surrogate } from "./surrogate.ts";

/** Numbers of one policy update under TRL's names, over the tokens (RLOO, GSPO: rows) in the loss. */
export const policyMetrics = (
  config: PolicyConfig,
  batch: PolicyBatch,
  { ratios }: Surrogate,
): Record<string, number> => ({
  reward: mean(batch.rewards),
  reward_std: deviation(batch.rewards, 1),
  tokens: tokensOf(batch.mask).reduce((a, b) => a + b, 0),
  frac_reward_zero_std: zeroStdShare(batch),
  ...clipMetrics(config, ratios),
  ...ratioMetrics(ratios),
  ...klMetrics(batch),
  ...behaviourMetrics(config, batch),
});

/** Share of groups whose rewards are all equal, so that they teach a group-relative method nothing. */
export const zeroStdShare = (batch: Pick<PolicyBatch, "rewards" | "group">): number => {
  const groups = membersOf(batch.group);
  return mean(groups.map((rows) => {
    const first = batch.rewards[rows[0]!];
    return rows.every((row) => batch.rewards[row] === first) ? 1 : 0;
  }));
};

const clipMetrics = (config: PolicyConfig, ratios: Surrogate["ratios"]): Record<string, number> => {
  const share = (keep: (r: Surrogate["ratios"][number]) => boolean): number =>
    mean(ratios.map((r) => keep(r) ? 1 : 0));
  if (config.algorithm === "cispo") {
    const over = share(({ ratio, advantage }) => ratio > config.max_ratio && advantage > 0);
    return { cispo_clip_ratio: over };
  }
  const low = share(({ ratio, advantage }) => ratio < 1 - config.clip_low && advantage < 0);
  const high = share(({ ratio, advantage }) => ratio > 1 + config.clip_high && advantage > 0);
  return {
    "clip_ratio/low_mean": low,
    "clip_ratio/high_mean": high,
    "clip_ratio/region_mean": low + high,
  };
};

const ratioMetrics = (ratios: Surrogate["ratios"]): Record<string, number> => {
  if (ratios.length === 0) return {};
  const values = ratios.map(({ ratio }) => ratio);
  return { "ratio/mean": mean(values), "ratio/min": least(values), "ratio/max": most(values) };
};

/** Estimates of KL(policy, reference): k1, k2, k3 of http://joschu.net/blog/kl-approx.html. */
const klMetrics = (batch: PolicyBatch): Record<string, number> => {
  const reference = batch.ref_logp;
  if (reference === undefined) return {};
  const d: number[] = [];
  forMasked(batch.mask, (row, t) => d.push(batch.logp[row]![t]! - reference[row]![t]!));
  if (d.length === 0) return {};
  return {
    "kl/k1": mean(d),
    "kl/k2": mean(d.map((x) => x * x / 2)),
    "kl/k3": mean(d.map((x) => ratioOf(-x) + x - 1)),
  };
};

const behaviourMetrics = (config: PolicyConfig, batch: PolicyBatch): Record<string, number> => {
  const behaviour = batch.behaviour_logp;
  if (config.behaviour_cap === undefined || behaviour === undefined) return {};
  const gaps: number[] = [];
  const factors: number[] = [];
  forMasked(batch.mask, (row, t) => {
    const d = batch.old_logp[row]![t]! - behaviour[row]![t]!;
    gaps.push(Math.abs(d));
    factors.push(Math.min(ratioOf(d), config.behaviour_cap!));
  });
  if (gaps.length === 0) return {};
  return {
    "sampling/sampling_logp_difference/mean": mean(gaps),
    "sampling/sampling_logp_difference/max": most(gaps),
    "sampling/importance_sampling_ratio/min": least(factors),
    "sampling/importance_sampling_ratio/mean": mean(factors),
    "sampling/importance_sampling_ratio/max": most(factors),
  };
};

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
