import type { Objective, PolicyBatch } from "./batch.ts";
import { type PolicyConfig, policyObjective } from "./policy.ts";
import { type PreferenceBatch, type PreferenceConfig, preferenceObjective } from "./preference.ts";

export interface OorlConfig {
  readonly w_rl: number;
  readonly w_gepo: number;
  readonly rl: PolicyConfig;
  readonly gepo: PreferenceConfig;
}

/** OORL (arXiv 2505.12723, equation 10): `w_rl L_RL + w_gepo L_GEPO` over two batches. */
export const oorlObjective = (
  config: OorlConfig,
  rl: PolicyBatch,
  gepo: PreferenceBatch,
): {
  readonly loss: number;
  readonly rl: Objective & { readonly advantages: readonly Float64Array[] };
  readonly gepo: Objective;
} => {
  const policy = policyObjective(config.rl, rl);
  const preference = preferenceObjective(config.gepo, gepo);
  const scaled = (rows: readonly Float64Array[], weight: number) =>
    rows.map((row) => row.map((d) => weight * d));
  return {
    loss: config.w_rl * policy.loss + config.w_gepo * preference.loss,
    rl: { ...policy, dlogp: scaled(policy.dlogp, config.w_rl) },
    gepo: { ...preference, dlogp: scaled(preference.dlogp, config.w_gepo) },
  };
};
