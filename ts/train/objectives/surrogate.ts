import { forMasked, type PolicyBatch, ratioOf, tokensOf, zerosLike } from "./batch.ts";
import { tokenWeights } from "./normalise.ts";
import type { PolicyConfig } from "./policy.ts";

/** A policy loss before KL terms, with its ratios: one a token, or one a row. */
export interface Surrogate {
  readonly loss: number;
  readonly dlogp: Float64Array[];
  readonly ratios: readonly { readonly ratio: number; readonly advantage: number }[];
}

/**
 * PPO's clipped loss per token (arXiv 1707.06347, equation 7): `-min(w A, clip(w, 1 - low, 1 + high) A)`
 * with `w = exp(logp - old_logp)`. Where the clipped side is the smaller one the derivative is 0.
 */
export const tokenSurrogate = (
  config: PolicyConfig,
  batch: PolicyBatch,
  advantages: readonly Float64Array[],
): Surrogate => {
  const weights = tokenWeights(config.normalise, batch.mask, config.max_length);
  const dlogp = zerosLike(batch.mask);
  const ratios: { ratio: number; advantage: number }[] = [];
  let loss = 0;
  forMasked(batch.mask, (row, t) => {
    const ratio = ratioOf(batch.logp[row]![t]! - batch.old_logp[row]![t]!);
    const advantage = advantages[row]![t]!;
    const weight = weights[row]! * behaviourFactor(config, batch, row, t);
    const term = clippedTerm(ratio, advantage, config);
    loss += weight * term.value;
    dlogp[row]![t] = weight * term.slope * ratio;
    ratios.push({ ratio, advantage });
  });
  return { loss, dlogp, ratios };
};

/**
 * One ratio a row, mean over rows. `sum`: the row is one action (RLOO). `mean`: the geometric mean of the
 * tokens' ratios (GSPO, arXiv 2507.18071, equation 7).
 */
export const sequenceSurrogate = (
  config: PolicyConfig,
  batch: PolicyBatch,
  advantages: readonly number[],
  reduce: "sum" | "mean",
): Surrogate => {
  const tokens = tokensOf(batch.mask);
  const logRatios = batch.mask.map(() => 0);
  forMasked(batch.mask, (row, t) => {
    logRatios[row]! += batch.logp[row]![t]! - batch.old_logp[row]![t]!;
  });
  const dlogp = zerosLike(batch.mask);
  const ratios: { ratio: number; advantage: number }[] = [];
  let loss = 0;
  batch.mask.forEach((mask, row) => {
    if (tokens[row] === 0) return;
    const share = reduce === "mean" ? 1 / tokens[row]! : 1;
    const ratio = ratioOf(logRatios[row]! * share);
    const advantage = advantages[row]!;
    const term = clippedTerm(ratio, advantage, config);
    loss += term.value / batch.mask.length;
    const slope = term.slope * ratio * share / batch.mask.length;
    for (let t = 0; t < mask.length; t++) if (mask[t] === 1) dlogp[row]![t] = slope;
    ratios.push({ ratio, advantage });
  });
  return { loss, dlogp, ratios };
};

/**
 * CISPO (arXiv 2506.13585, equation 4): `-constant(min(w, max_ratio)) A logp`. The weight is clipped and
 * held constant, so every token keeps a gradient.
 */
export const cispoSurrogate = (
  config: PolicyConfig,
  batch: PolicyBatch,
  advantages: readonly Float64Array[],
): Surrogate => {
  const weights = tokenWeights(config.normalise, batch.mask, config.max_length);
  const dlogp = zerosLike(batch.mask);
  const ratios: { ratio: number; advantage: number }[] = [];
  let loss = 0;
  forMasked(batch.mask, (row, t) => {
    const logp = batch.logp[row]![t]!;
    const ratio = ratioOf(logp - batch.old_logp[row]![t]!);
    const advantage = advantages[row]![t]!;
    const slope = -weights[row]! * behaviourFactor(config, batch, row, t) *
      Math.min(ratio, config.max_ratio) * advantage;
    loss += slope * logp;
    dlogp[row]![t] = slope;
    ratios.push({ ratio, advantage });
  });
  return { loss, dlogp, ratios };
};

/** The capped ratio of the proximal policy to the one that sampled: 1 unless samples are older. */
export const behaviourFactor = (
  config: PolicyConfig,
  batch: PolicyBatch,
  row: number,
  t: number,
): number =>
  config.behaviour_cap === undefined || batch.behaviour_logp === undefined ? 1 : Math.min(
    ratioOf(batch.old_logp[row]![t]! - batch.behaviour_logp[row]![t]!),
    config.behaviour_cap,
  );

/** `-min(w A, clip(w) A)` and its derivative by w. */
const clippedTerm = (
  ratio: number,
  advantage: number,
  { clip_low, clip_high }: PolicyConfig,
): { value: number; slope: number } => {
  const clipped = Math.min(Math.max(ratio, 1 - clip_low), 1 + clip_high);
  const flat = advantage > 0 ? ratio > 1 + clip_high : ratio < 1 - clip_low;
  return {
    value: -Math.min(ratio * advantage, clipped * advantage),
    slope: flat ? 0 : -advantage,
  };
};
