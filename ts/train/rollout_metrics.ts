import { looksLikeTable, type Rollout } from "../rollout/mod.ts";

/** Numbers of a batch of rollouts: pass rates by target language, the mix of verdicts, lengths. */
export const rolloutMetrics = (rollouts: readonly Rollout[]): Record<string, number> => {
  const judged = rollouts.filter(({ reward }) => reward !== null);
  const share = (some: readonly Rollout[], of: readonly Rollout[]): number =>
    of.length === 0 ? 0 : some.length / of.length;
  const metrics: Record<string, number> = {};
  for (const target of sorted(rollouts.map(({ problem }) => problem.target))) {
    const own = judged.filter(({ problem }) => problem.target === target);
    metrics[`pass_rate/${target}`] = share(own.filter(({ reward }) => reward === 1), own);
  }
  for (const verdict of sorted(rollouts.map(({ judgement }) => judgement.verdict))) {
    const own = rollouts.filter(({ judgement }) => judgement.verdict === verdict);
    metrics[`verdict/${verdict}`] = share(own, rollouts);
  }
  const lengths = rollouts.map(({ ids }) => ids.length);
  return {
    ...metrics,
    "completions/mean_length": lengths.reduce((a, b) => a + b, 0) / Math.max(1, lengths.length),
    "completions/clipped_ratio": share(rollouts.filter(({ truncated }) => truncated), rollouts),
    "audit/table_of_answers": share(
      judged.filter(({ problem: { task, given }, code, reward }) =>
        reward === 1 && looksLikeTable(task, given, code)
      ),
      judged,
    ),
    "audit/fresh_failures": share(
      judged.filter(({ fresh_cases, judgement: { tests, verdict } }) =>
        fresh_cases !== undefined && tests.length > 0 && verdict !== "pass"
      ),
      judged,
    ),
    infrastructure_rate: share(rollouts.filter(({ reward }) => reward === null), rollouts),
  };
};

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
