import type { Rollout } from "../rollout/mod.ts";
import { zeroStdShare } from "./objectives/mod.ts";

/** Times that a step asks in all; where next to nothing varies it must still end. */
export const ROUNDS = 4;

/** DAPO's dynamic sampling (arXiv 2503.14476, equation 11): the first `most` groups whose rewards differ. */
export const variedGroups = (rollouts: readonly Rollout[], most: number): readonly Rollout[][] => {
  const groups = new Map<number, Rollout[]>();
  for (const rollout of rollouts) {
    if (rollout.reward === null) continue;
    groups.set(rollout.group, [...groups.get(rollout.group) ?? [], rollout]);
  }
  return [...groups.values()]
    .filter((group) => group.some(({ reward }) => reward !== group[0]!.reward))
    .slice(0, most);
};

/** Numbers of all that was sampled, of which the update sees a part. */
export const samplingMetrics = (rollouts: readonly Rollout[]): Record<string, number> => {
  const judged = rollouts.filter(({ reward }) => reward !== null);
  if (judged.length === 0) return {};
  const rewards = judged.map(({ reward }) => reward as number);
  return {
    reward: rewards.reduce((a, b) => a + b, 0) / rewards.length,
    frac_reward_zero_std: zeroStdShare({ rewards, group: judged.map(({ group }) => group) }),
    "dynamic_sampling/rollouts": rollouts.length,
  };
};
