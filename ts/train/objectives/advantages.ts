import { deviation, masked, mean, rowsByGroup, zeros } from "./batch.ts";
import type { PolicyBatch, PolicyConfig } from "./batch.ts";

/**
 * REINFORCE++ (arXiv 2501.03262): token rewards `-kl_coefficient * (old - reference)`, the row's reward at
 * its last counted token, discounted returns over counted tokens, normalised over all counted tokens of
 * the batch (population deviation). No groups are needed.
 */
export const tokenAdvantages = (batch: PolicyBatch, config: PolicyConfig): Float64Array[] => {
  const { kl_coefficient = 0, gamma = 1 } = config;
  if (kl_coefficient !== 0 && batch.ref_logp === undefined) {
    throw new RangeError("kl_coefficient needs ref_logp");
  }
  const returns = zeros(batch.mask);
  const all: number[] = [];
  batch.mask.forEach((mask, i) => {
    let next = 0;
    let last = true;
    for (let t = mask.length - 1; t >= 0; t--) {
      if (!mask[t]) continue;
      const kl = kl_coefficient === 0 ? 0 : batch.old_logp[i]![t]! - batch.ref_logp![i]![t]!;
      next = gamma * next - kl_coefficient * kl + (last ? batch.rewards[i]! : 0);
      last = false;
      returns[i]![t] = next;
      all.push(next);
    }
  });
  const centre = all.length > 0 ? mean(all) : 0;
  const spread = deviation(all, 0) + 1e-8;
  batch.mask.forEach((mask, i) => {
    for (let t = 0; t < mask.length; t++) {
      if (mask[t]) returns[i]![t] = (returns[i]![t]! - centre) / spread;
    }
  });
  return returns;
};

/** One advantage a row, from the rewards of its group. */
export const rowAdvantages = (batch: PolicyBatch, config: PolicyConfig): number[] => {
  const rewards = penalised(batch, config);
  const advantages: number[] = new Array(rewards.length).fill(0);
  for (const rows of rowsByGroup(batch.group)) {
    const own = rows.map((i) => rewards[i]!);
    const centre = mean(own);
    for (const i of rows) {
      const above = rewards[i]! - centre;
      switch (config.method) {
        case "rloo":
          // The mean of the others: reward - (sum - reward) / (n - 1) = n / (n - 1) * (reward - mean).
          advantages[i] = own.length > 1 ? above * own.length / (own.length - 1) : rewards[i]!;
          break;
        case "reinforce++-baseline":
        case "dr-grpo":
          advantages[i] = above;
          break;
        default:
          advantages[i] = above / (deviation(own, 1) + 1e-4);
      }
    }
  }
  return config.method === "reinforce++-baseline" ? normalised(advantages, batch) : advantages;
};

/** Normalised over all counted tokens of the batch, each of which holds its row's advantage. */
const normalised = (advantages: readonly number[], batch: PolicyBatch): number[] => {
  const weights = batch.mask.map(masked);
  const total = weights.reduce((a, b) => a + b, 0);
  if (total === 0) return [...advantages];
  const centre = advantages.reduce((sum, a, i) => sum + weights[i]! * a, 0) / total;
  const squares = advantages.reduce((sum, a, i) => sum + weights[i]! * (a - centre) ** 2, 0);
  return advantages.map((a) => (a - centre) / (Math.sqrt(squares / total) + 1e-8));
};

/** DAPO's soft overlong penalty (arXiv 2503.14476, eq. 13), added before group statistics. */
const penalised = (batch: PolicyBatch, config: PolicyConfig): number[] => {
  const rewards = Array.from(batch.rewards);
  const { overlong_penalty } = config;
  if (overlong_penalty === undefined) return rewards;
  const { max_length, cache } = overlong_penalty;
  return rewards.map((reward, i) =>
    reward + Math.min(0, Math.max(-1, (max_length - cache - masked(batch.mask[i]!)) / cache))
  );
};
