import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { sharedFolder } from "../../shared.ts";
import type { PolicyBatch } from "./batch.ts";
import { oorlObjective } from "./oorl.ts";
import { type PolicyConfig, policyObjective } from "./policy.ts";
import { type PreferenceBatch, type PreferenceConfig, preferenceObjective } from "./preference.ts";

const folder = sharedFolder("golden");

// deno-lint-ignore no-explicit-any -- lines of a foreign file
type Json = any;

const policyConfig = (c: Json): PolicyConfig => ({
  algorithm: c.method,
  clip_low: c.clip_low ?? 0.2,
  clip_high: c.clip_high ?? 0.2,
  normalise: c.normalise ?? "sequence",
  max_length: c.max_length ?? 1,
  kl_in_reward: c.kl_coefficient ?? 0,
  kl_loss: c.kl_loss ?? 0,
  gamma: c.gamma ?? 1,
  max_ratio: c.max_ratio ?? 5,
  mask_truncated: c.mask_truncated ?? false,
  dynamic_sampling: c.dynamic_sampling ?? false,
  ...(c.overlong_penalty ? { overlong_penalty: c.overlong_penalty } : {}),
  ...(c.behaviour_cap ? { behaviour_cap: c.behaviour_cap } : {}),
});

const preferenceConfig = (c: Json): PreferenceConfig => ({
  kind: c.method,
  beta: c.beta,
  lambda: c.lambda ?? 0,
  beta_inside_variance: false,
  sample_variance: false,
  length_normalised: false,
});

const evaluate = (config: Json, inputs: Json): Json => {
  switch (config.method) {
    case "dpo":
    case "gepo":
    case "softmax-group":
      return preferenceObjective(preferenceConfig(config), inputs as PreferenceBatch);
    case "oorl": {
      const { loss, rl, gepo } = oorlObjective(
        { ...config, rl: policyConfig(config.rl), gepo: preferenceConfig(config.gepo) },
        inputs.rl,
        inputs.gepo,
      );
      const [alone, pair] = [evaluate(config.rl, inputs.rl), evaluate(config.gepo, inputs.gepo)];
      return {
        loss,
        dlogp: { rl: rl.dlogp, gepo: gepo.dlogp },
        advantages: rl.advantages,
        metrics: {
          loss_rl: alone.loss,
          loss_gepo: pair.loss,
          rl: rl.metrics,
          gepo: gepo.metrics,
        },
      };
    }
    default:
      return policyObjective(policyConfig(config), inputs as PolicyBatch);
  }
};

const assertClose = (actual: Json, expected: Json, at: string): void => {
  if (typeof expected === "number") {
    assert.ok(
      Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected)),
      `${at}: ${actual}, expected ${expected}`,
    );
    return;
  }
  if (Array.isArray(expected)) {
    assert.equal(actual.length, expected.length, at);
    expected.forEach((value, i) => assertClose(actual[i], value, `${at}[${i}]`));
    return;
  }
  for (const key of Object.keys(expected)) {
    assert.ok(actual?.[key] !== undefined, `${at}.${key} is missing`);
    assertClose(actual[key], expected[key], `${at}.${key}`);
  }
};

/** The files give an advantage a row where all tokens share it; here every masked token holds it. */
const sameShape = (advantages: Json, expected: Json, mask: Json): Json =>
  expected.map((value: Json, row: number) => {
    if (Array.isArray(value)) return advantages[row];
    const t = mask[row].indexOf(1);
    return t < 0 ? value : advantages[row][t];
  });

const lines = folder === undefined
  ? []
  : readFileSync(`${folder}/objectives.jsonl`, "utf8").trim().split("\n").map((l) => JSON.parse(l));

Deno.test({
  name: "objectives.jsonl: losses, gradients, advantages and metrics of every line",
  ignore: folder === undefined,
  fn: async (t) => {
    assert.equal(lines.length, 44);
    for (const { name, config, inputs, expected } of lines) {
      await t.step(name, () => {
        const actual = evaluate(config, inputs);
        const { advantages, ...rest } = expected;
        assertClose(actual, rest, name);
        if (advantages !== undefined) {
          const mask = (inputs.rl ?? inputs).mask;
          assertClose(
            sameShape(actual.advantages, advantages, mask),
            advantages,
            `${name}.advantages`,
          );
        }
      });
    }
  },
});
