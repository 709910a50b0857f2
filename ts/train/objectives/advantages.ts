import {
  deviation,
  forMasked,
  mean,
  membersOf,
  type PolicyBatch,
  type Ragged,
  zerosLike,
} from "./batch.ts";

/**
 * REINFORCE++ (arXiv 2501.03262): token reward `-kl * (old_logp - ref_logp)`, the row's reward at its last
 * masked token, discounted returns over masked tokens, normalised by mean and population standard
 * deviation of all masked tokens of the batch. One number a token.
 */
export const reinforceAdvantages = (
  batch: PolicyBatch,
  options: { readonly kl_in_reward: number; readonly gamma: number },
): Float64Array[] => {
  const returns = zerosLike(batch.mask);
  batch.mask.forEach((mask, row) => {
    let next = 0;
    let last = true;
    for (let t = mask.length - 1; t >= 0; t--) {
      if (mask[t] !== 1) continue;
      const kl = options.kl_in_reward === 0
        ? 0
        : options.kl_in_reward * (batch.old_logp[row]![t]! - batch.ref_logp![row]![t]!);
      next = (last ? batch.rewards[row]! : 0) - kl + options.gamma * next;
      last = false;
      returns[row]![t] = next;
    }
  });
  return whiten(returns, batch.mask);
};

/** REINFORCE++ with the group's mean as baseline, then normalised over the batch's masked tokens. */
export const baselineAdvantages = (batch: PolicyBatch): Float64Array[] =>
  whiten(spread(centred(batch.rewards, batch.group), batch.mask), batch.mask);

/** RLOO (arXiv 2402.14740): reward minus the mean of the *other* rewards of the group; 0 for one alone. */
export const leaveOneOutAdvantages = (
  rewards: readonly number[],
  group: PolicyBatch["group"],
): number[] => {
  const advantages = rewards.map(() => 0);
  for (const rows of membersOf(group)) {
    if (rows.length === 1) continue;
    const sum = rows.reduce((total, row) => total + rewards[row]!, 0);
    for (const row of rows) {
      advantages[row] = rewards[row]! - (sum - rewards[row]!) / (rows.length - 1);
    }
  }
  return advantages;
};

/** GRPO (arXiv 2402.03300): `(reward - group mean) / (group std + 1e-4)`, sample standard deviation. */
export const groupAdvantages = (
  rewards: readonly number[],
  group: PolicyBatch["group"],
): number[] => {
  const advantages = centred(rewards, group);
  for (const rows of membersOf(group)) {
    const std = deviation(rows.map((row) => rewards[row]!), 1);
    for (const row of rows) advantages[row] = advantages[row]! / (std + 1e-4);
  }
  return advantages;
};

/** Dr. GRPO (arXiv 2503.20783): `reward - group mean`, no division. */
export const centred = (rewards: readonly number[], group: PolicyBatch["group"]): number[] => {
  const advantages = rewards.map(() => 0);
  for (const rows of membersOf(group)) {
    // A group of equal rewards is exactly 0, not what rounding of their mean leaves.
    const first = rewards[rows[0]!]!;
    if (rows.every((row) => rewards[row] === first)) continue;
    const centre = mean(rows.map((row) => rewards[row]!));
    for (const row of rows) advantages[row] = rewards[row]! - centre;
  }
  return advantages;
};

/** A row's advantage at each of its masked tokens. */
export const spread = (advantages: readonly number[], mask: Ragged): Float64Array[] =>
  mask.map((tokens, row) =>
    Float64Array.from(tokens, (counts) => counts === 1 ? advantages[row]! : 0)
  );

const whiten = (values: readonly Float64Array[], mask: Ragged): Float64Array[] => {
  const all: number[] = [];
  forMasked(mask, (row, t) => all.push(values[row]![t]!));
  const centre = mean(all);
  const std = deviation(all, 0);
  const whitened = zerosLike(mask);
  forMasked(mask, (row, t) => {
    whitened[row]![t] = (values[row]![t]! - centre) / (std + 1e-8);
  });
  return whitened;
};
