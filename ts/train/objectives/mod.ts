/** Training objectives: pure functions from log-probs and rewards to a loss and its gradient at the log-probs. */
export type { Normalise, Objective, PolicyBatch, PolicyConfig, Ragged } from "./batch.ts";
export { policyObjective } from "./policy.ts";
export { type PreferenceBatch, type PreferenceConfig, preferenceObjective } from "./preference.ts";
