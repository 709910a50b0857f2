import { rowAdvantages, tokenAdvantages } from "./advantages.ts";
import { masked, rowsByGroup, zeros } from "./batch.ts";
import type { Objective, PolicyBatch, PolicyConfig, Ragged } from "./batch.ts";
import { policyMetrics } from "./policy_metrics.ts";

/**
 * The on-policy losses: PPO's clipped surrogate under the advantages of REINFORCE++, RLOO, GRPO, DAPO and
 * Dr. GRPO, GSPO's and RLOO's with one ratio a row, and CISPO. Advantages are constants.
 */
export const policyObjective = (batch: PolicyBatch, config: PolicyConfig): Objective => {
  const kept = { ...batch, mask: keptMask(batch, config) };
  const byToken = config.method === "reinforce++";
  const advantages = byToken ? tokenAdvantages(kept, config) : rowAdvantages(batch, config);
  const advantage = (i: number, t: number): number => {
    const a = advantages[i]!;
    return typeof a === "number" ? a : a[t]!;
  };
  const dlogp = zeros(batch.logp);
  const policy_loss = config.method === "gspo" || config.method === "rloo"
    ? rowLoss(kept, config, advantages as number[], dlogp)
    : tokenLoss(kept, config, advantage, dlogp);
  const kl = config.kl_loss === undefined ? 0 : klLoss(kept, config, dlogp);
  return {
    loss: policy_loss + (config.kl_loss ?? 0) * kl,
    dlogp,
    advantages,
    metrics: {
      policy_loss,
      ...(config.kl_loss === undefined ? {} : { kl_loss: kl }),
      ...policyMetrics(kept, config, advantage),
    },
  };
};

/** Weight of a row's tokens under `normalise`, so that the loss is the weighted sum over counted tokens. */
export const tokenWeights = (mask: Ragged, config: PolicyConfig): readonly number[] => {
  const counts = mask.map(masked);
  const rows = mask.length;
  switch (config.normalise ?? "token") {
    case "token": {
      const total = counts.reduce((a, b) => a + b, 0);
      return counts.map(() => total === 0 ? 0 : 1 / total);
    }
    case "sequence":
      return counts.map((count) => count === 0 ? 0 : 1 / (count * rows));
    case "constant":
      if (config.max_length === undefined) throw new RangeError("constant needs max_length");
      return counts.map(() => 1 / (rows * config.max_length!));
  }
};

/** The mask without the rows that the configuration drops from the loss. */
const keptMask = (batch: PolicyBatch, config: PolicyConfig): Ragged => {
  const dropped = new Set<number>();
  if (config.mask_truncated) batch.truncated?.forEach((cut, i) => cut && dropped.add(i));
  if (config.dynamic_sampling) {
    for (const rows of rowsByGroup(batch.group)) {
      if (rows.every((i) => batch.rewards[i] === batch.rewards[rows[0]!])) {
        rows.forEach((i) => dropped.add(i));
      }
    }
  }
  if (dropped.size === 0) return batch.mask;
  return batch.mask.map((row, i) => dropped.has(i) ? new Uint8Array(row.length) : row);
};

/** `-min(w A, clip(w) A)` or CISPO's `-min(w, max) A logp`, token by token. */
const tokenLoss = (
  batch: PolicyBatch,
  config: PolicyConfig,
  advantage: (i: number, t: number) => number,
  dlogp: Float64Array[],
): number => {
  const weights = tokenWeights(batch.mask, config);
  let loss = 0;
  batch.mask.forEach((mask, i) => {
    for (let t = 0; t < mask.length; t++) {
      if (!mask[t]) continue;
      const logp = batch.logp[i]![t]!;
      const old = batch.old_logp[i]![t]!;
      const w = Math.exp(logp - old);
      const a = advantage(i, t);
      const weight = weights[i]! * staleness(batch, config, i, t);
      if (config.method === "cispo") {
        const bounded = Math.min(w, config.max_ratio ?? Infinity);
        loss -= weight * bounded * a * logp;
        dlogp[i]![t] = -weight * bounded * a;
      } else {
        const { term, slope } = surrogate(w, a, config);
        loss += weight * term;
        dlogp[i]![t] = weight * slope;
      }
    }
  });
  return loss;
};

/** A row is one action: its ratio is of the product (RLOO) or the geometric mean (GSPO) of its tokens'. */
const rowLoss = (
  batch: PolicyBatch,
  config: PolicyConfig,
  advantages: readonly number[],
  dlogp: Float64Array[],
): number => {
  const rows = batch.mask.length;
  let loss = 0;
  batch.mask.forEach((mask, i) => {
    const { ratio, share } = rowRatio(batch, config, i);
    if (share === 0) return;
    const { term, slope } = surrogate(ratio, advantages[i]!, config);
    loss += term / rows;
    for (let t = 0; t < mask.length; t++) if (mask[t]) dlogp[i]![t] = slope * share / rows;
  });
  return loss;
};

/** A row's ratio, and the derivative of its logarithm at each counted token. */
export const rowRatio = (
  batch: PolicyBatch,
  config: PolicyConfig,
  i: number,
): { readonly ratio: number; readonly share: number } => {
  const mask = batch.mask[i]!;
  const count = masked(mask);
  if (count === 0) return { ratio: 1, share: 0 };
  const share = config.method === "gspo" ? 1 / count : 1;
  let sum = 0;
  for (let t = 0; t < mask.length; t++) {
    if (mask[t]) sum += batch.logp[i]![t]! - batch.old_logp[i]![t]!;
  }
  return { ratio: Math.exp(sum * share), share };
};

/** PPO's term and its derivative at the logarithm of the ratio: 0 where clipping decides. */
const surrogate = (
  w: number,
  a: number,
  { clip_low = Infinity, clip_high = Infinity }: PolicyConfig,
): { readonly term: number; readonly slope: number } => {
  const clipped = Math.min(Math.max(w, 1 - clip_low), 1 + clip_high);
  return clipped * a < w * a ? { term: -clipped * a, slope: 0 } : { term: -w * a, slope: -w * a };
};

/** Decoupled objective (AReaL, arXiv 2505.24298): the capped weight of a sample that is some steps old. */
export const staleness = (
  batch: PolicyBatch,
  config: PolicyConfig,
  i: number,
  t: number,
): number =>
  batch.behaviour_logp === undefined || config.behaviour_cap === undefined ? 1 : Math.min(
    Math.exp(batch.old_logp[i]![t]! - batch.behaviour_logp[i]![t]!),
    config.behaviour_cap,
  );

/** The k2 estimator `(logp - ref)^2 / 2`, whose gradient is that of the KL divergence (arXiv 2510.01555). */
const klLoss = (batch: PolicyBatch, config: PolicyConfig, dlogp: Float64Array[]): number => {
  if (batch.ref_logp === undefined) throw new RangeError("kl_loss needs ref_logp");
  const weights = tokenWeights(batch.mask, config);
  let loss = 0;
  batch.mask.forEach((mask, i) => {
    for (let t = 0; t < mask.length; t++) {
      if (!mask[t]) continue;
      const d = batch.logp[i]![t]! - batch.ref_logp![i]![t]!;
      loss += weights[i]! * d * d / 2;
      dlogp[i]![t]! += config.kl_loss! * weights[i]! * d;
    }
  });
  return loss;
};
