import { deviation, mean, rowsByGroup } from "./batch.ts";
import type { PolicyBatch, PolicyConfig } from "./batch.ts";
import { rowRatio, staleness } from "./policy.ts";

/** What is shown of a policy step, under TRL's names; over counted tokens, or rows where a row is one action. */
export const policyMetrics = (
  batch: PolicyBatch,
  config: PolicyConfig,
  advantage: (i: number, t: number) => number,
): Record<string, number> => {
  const byRow = config.method === "gspo" || config.method === "rloo";
  const ratios: number[] = [];
  const gaps: number[] = [];
  const factors: number[] = [];
  const kl = { k1: 0, k2: 0, k3: 0 };
  let tokens = 0;
  let low = 0;
  let high = 0;
  const see = (w: number, a: number): void => {
    ratios.push(w);
    if (config.method === "cispo") high += Number(w > (config.max_ratio ?? Infinity) && a > 0);
    else {
      low += Number(w < 1 - (config.clip_low ?? Infinity) && a < 0);
      high += Number(w > 1 + (config.clip_high ?? Infinity) && a > 0);
    }
  };
  batch.mask.forEach((mask, i) => {
    if (byRow) {
      const { ratio, share } = rowRatio(batch, config, i);
      if (share > 0) see(ratio, advantage(i, 0));
    }
    for (let t = 0; t < mask.length; t++) {
      if (!mask[t]) continue;
      tokens++;
      const logp = batch.logp[i]![t]!;
      const old = batch.old_logp[i]![t]!;
      if (!byRow) see(Math.exp(logp - old), advantage(i, t));
      if (batch.ref_logp) {
        const d = logp - batch.ref_logp[i]![t]!;
        kl.k1 += d;
        kl.k2 += d * d / 2;
        kl.k3 += Math.exp(-d) + d - 1;
      }
      if (batch.behaviour_logp) {
        gaps.push(Math.abs(old - batch.behaviour_logp[i]![t]!));
        factors.push(staleness(batch, config, i, t));
      }
    }
  });
  const rewards = Array.from(batch.rewards);
  const groups = rowsByGroup(batch.group);
  const flat = groups.filter((rows) => rows.every((i) => rewards[i] === rewards[rows[0]!])).length;
  const count = Math.max(1, ratios.length);
  return {
    reward: mean(rewards),
    reward_std: deviation(rewards, 1),
    tokens,
    frac_reward_zero_std: flat / groups.length,
    ...(config.method === "cispo" ? { cispo_clip_ratio: high / count } : {
      "clip_ratio/low_mean": low / count,
      "clip_ratio/high_mean": high / count,
      "clip_ratio/region_mean": (low + high) / count,
    }),
    ...spread("ratio", ratios, ["mean", "min", "max"]),
    ...(batch.ref_logp && tokens > 0
      ? { "kl/k1": kl.k1 / tokens, "kl/k2": kl.k2 / tokens, "kl/k3": kl.k3 / tokens }
      : {}),
    ...spread("sampling/sampling_logp_difference", gaps, ["mean", "max"]),
    ...spread("sampling/importance_sampling_ratio", factors, ["min", "mean", "max"]),
  };
};

const spread = (
  name: string,
  values: readonly number[],
  wanted: readonly ("mean" | "min" | "max")[],
): Record<string, number> => {
  if (values.length === 0) return {};
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const found = { mean: mean(values), min: low, max: high };
  return Object.fromEntries(wanted.map((key) => [`${name}/${key}`, found[key]]));
};
