/** Training objectives: pure functions from log-probs and rewards to a loss and its gradient at the log-probs. */
export { type Objective, type PolicyBatch, type Ragged, tokensOf } from "./batch.ts";
export type { Normalise } from "./normalise.ts";
export { type OorlConfig, oorlObjective } from "./oorl.ts";
export {
  type Algorithm,
  algorithms,
  assignCredit,
  type Credit,
  type PolicyConfig,
  policyObjective,
} from "./policy.ts";
export { zeroStdShare } from "./policy_metrics.ts";
export { type PreferenceBatch, type PreferenceConfig, preferenceObjective } from "./preference.ts";
