import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { sharedFolder } from "../../shared.ts";
import type { Objective, PolicyConfig } from "./batch.ts";
import { policyObjective } from "./policy.ts";
import { preferenceObjective } from "./preference.ts";

const golden = sharedFolder("golden");

// deno-lint-ignore no-explicit-any
type Json = any;

const near = (a: number, b: number, what: string): void =>
  assert.ok(Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b)), `${what}: ${a}, expected ${b}`);

const nearAll = (found: Json, expected: Json, what: string): void => {
  if (typeof expected === "number") return near(found, expected, what);
  if (Array.isArray(expected)) {
    assert.equal(found.length, expected.length, what);
    return expected.forEach((e, i) => nearAll(found[i], e, `${what}[${i}]`));
  }
  for (const [key, value] of Object.entries(expected)) nearAll(found[key], value, `${what}.${key}`);
};

const solve = (config: Json, inputs: Json): Objective =>
  ["dpo", "gepo", "softmax-group"].includes(config.method)
    ? preferenceObjective(inputs, config)
    : policyObjective(inputs, config);

Deno.test({
  name: "objectives give the golden losses, gradients, advantages and metrics",
  ignore: golden === undefined,
}, () => {
  const lines = readFileSync(`${golden}/objectives.jsonl`, "utf8").trim().split("\n");
  assert.equal(lines.length, 44);
  for (const line of lines) {
    const { name, config, inputs, expected } = JSON.parse(line);
    if (config.method === "oorl") {
      const rl = solve(config.rl, inputs.rl);
      const gepo = solve(config.gepo, inputs.gepo);
      near(config.w_rl * rl.loss + config.w_gepo * gepo.loss, expected.loss, name);
      nearAll(rl.dlogp.map((r) => r.map((g) => config.w_rl * g)), expected.dlogp.rl, `${name} rl`);
      nearAll(gepo.dlogp.map((r) => r.map((g) => config.w_gepo * g)), expected.dlogp.gepo, name);
      nearAll(rl.metrics, expected.metrics.rl, name);
      nearAll(gepo.metrics, expected.metrics.gepo, name);
      continue;
    }
    const found = solve(config, inputs);
    near(found.loss, expected.loss, `${name} loss`);
    nearAll(found.dlogp, expected.dlogp, `${name} dlogp`);
    if (expected.advantages) nearAll(found.advantages, expected.advantages, `${name} advantages`);
    nearAll(found.metrics, expected.metrics, `${name} metrics`);
  }
});

const logp = fc.double({ min: -6, max: -0.01, noNaN: true });
const batches = fc.array(
  fc.record({
    tokens: fc.array(fc.record({ logp, old: logp, ref: logp, mask: fc.nat(1) }), {
      minLength: 1,
      maxLength: 5,
    }),
    reward: fc.integer({ min: 0, max: 1 }),
    group: fc.nat(2),
  }),
  { minLength: 2, maxLength: 8 },
);

const toBatch = (rows: Json[]) => ({
  logp: rows.map((r) => r.tokens.map((t: Json) => t.logp)),
  old_logp: rows.map((r) => r.tokens.map((t: Json) => t.old)),
  ref_logp: rows.map((r) => r.tokens.map((t: Json) => t.ref)),
  mask: rows.map((r) => r.tokens.map((t: Json) => t.mask)),
  rewards: rows.map((r) => r.reward),
  group: rows.map((r) => r.group),
});

const configs: readonly PolicyConfig[] = [
  { method: "reinforce++", kl_coefficient: 0.1, gamma: 0.9 },
  { method: "reinforce++-baseline", kl_loss: 0.1 },
  { method: "rloo" },
  { method: "grpo", normalise: "sequence", kl_loss: 0.1 },
  { method: "dr-grpo", normalise: "constant", max_length: 9 },
  { method: "gspo" },
].map((c) => ({ clip_low: 0.2, clip_high: 0.28, ...c }) as PolicyConfig);

Deno.test("permuting rows permutes the gradients: no method mistakes whose group is whose", () => {
  fc.assert(fc.property(batches, fc.constantFrom(...configs), (rows, config) => {
    const forward = policyObjective(toBatch(rows), config);
    const backward = policyObjective(toBatch([...rows].reverse()), config);
    near(backward.loss, forward.loss, "loss");
    nearAll([...backward.dlogp].reverse(), forward.dlogp, "dlogp");
  }));
});

Deno.test("GEPO of one winner and one loser is DPO, whatever lambda", () => {
  fc.assert(
    fc.property(
      fc.array(logp, { minLength: 8, maxLength: 8 }),
      fc.double({ min: 0, max: 9, noNaN: true }),
      (p, lambda) => {
        const batch = {
          logp: [p.slice(0, 2), p.slice(2, 4)],
          ref_logp: [p.slice(4, 6), p.slice(6, 8)],
          mask: [[1, 1], [1, 1]],
          group: [7, 7],
          winner: [false, true],
        };
        const gepo = preferenceObjective(batch, { method: "gepo", beta: 0.3, lambda });
        const dpo = preferenceObjective(batch, { method: "dpo", beta: 0.3 });
        near(gepo.loss, dpo.loss, "loss");
        nearAll(gepo.dlogp, dpo.dlogp, "dlogp");
      },
    ),
  );
});

Deno.test("preference gradients are the slopes of their losses, in every option of GEPO", () => {
  const p = [-1.2, -0.4, -2.5, -0.9, -1.1, -0.2, -3.1, -0.7];
  const batch = (values: readonly number[]) => ({
    logp: [values.slice(0, 2), values.slice(2, 5), values.slice(5, 6), values.slice(6, 8)],
    ref_logp: [[-1, -1], [-2, -0.5, -1], [-0.3], [-2, -1]],
    mask: [[1, 1], [1, 0, 1], [1], [1, 1]],
    group: [0, 0, 0, 0],
    winner: [true, true, false, false],
  });
  for (const length_normalised of [false, true]) {
    for (const beta_inside_variance of [false, true]) {
      const config = {
        method: "gepo",
        beta: 0.5,
        lambda: 0.7,
        length_normalised,
        beta_inside_variance,
      } as const;
      const gradient = preferenceObjective(batch(p), config).dlogp.flatMap((r) => [...r]);
      p.forEach((_, k) => {
        const moved = (by: number) =>
          preferenceObjective(batch(p.map((v, i) => i === k ? v + by : v)), config).loss;
        near(gradient[k]!, (moved(1e-5) - moved(-1e-5)) / 2e-5, `slope ${k}`);
      });
    }
  }
});
