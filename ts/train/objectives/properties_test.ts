import assert from "node:assert/strict";
import fc from "fast-check";
import type { PolicyBatch } from "./batch.ts";
import { algorithms, assignCredit, type PolicyConfig, policyObjective } from "./policy.ts";
import { type PreferenceBatch, type PreferenceConfig, preferenceObjective } from "./preference.ts";

const logp = fc.double({ min: -3, max: -0.05, noNaN: true });
const rowOf = (length: number) => ({
  logp: fc.array(logp, { minLength: length, maxLength: length }),
  near: fc.array(fc.double({ min: -0.6, max: 0.6, noNaN: true }), {
    minLength: length,
    maxLength: length,
  }),
  mask: fc.array(fc.constantFrom(1, 1, 1, 0), { minLength: length, maxLength: length }),
});
const row = fc.integer({ min: 1, max: 6 }).chain((length) =>
  fc.record({
    ...rowOf(length),
    reward: fc.constantFrom(0, 1),
    group: fc.integer({ min: 0, max: 2 }),
    truncated: fc.boolean(),
  })
);
const rows = fc.array(row, { minLength: 1, maxLength: 8 });

type Row = typeof row extends fc.Arbitrary<infer R> ? R : never;

const batchOf = (all: readonly Row[]): PolicyBatch => ({
  logp: all.map((r) => r.logp),
  old_logp: all.map((r) => r.logp.map((x, t) => x + r.near[t]!)),
  ref_logp: all.map((r) => r.logp.map((x, t) => x - r.near[t]! / 2)),
  mask: all.map((r) => r.mask),
  rewards: all.map((r) => r.reward),
  group: all.map((r) => r.group),
  truncated: all.map((r) => r.truncated),
});

const config = fc.record({
  algorithm: fc.constantFrom(...algorithms),
  clip_low: fc.constantFrom(0.2, 0.05),
  clip_high: fc.constantFrom(0.2, 0.28),
  normalise: fc.constantFrom("token", "sequence", "constant"),
  max_length: fc.constant(7),
  kl_in_reward: fc.constantFrom(0, 0.1),
  kl_loss: fc.constantFrom(0, 0.2),
  gamma: fc.constantFrom(1, 0.9),
  max_ratio: fc.constant(1.3),
  mask_truncated: fc.boolean(),
  dynamic_sampling: fc.boolean(),
}) as fc.Arbitrary<PolicyConfig>;

const close = (a: number, b: number, tolerance: number, what: string): void =>
  assert.ok(
    Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b)),
    `${what}: ${a}, ${b}`,
  );

/** Central difference of `loss` at entry (r, t) of `values`. */
const difference = (
  values: readonly ArrayLike<number>[],
  loss: (shifted: number[][]) => number,
  r: number,
  t: number,
): number => {
  const h = 1e-6;
  const at = (delta: number) =>
    loss(values.map((v, i) => Array.from(v, (x, j) => i === r && j === t ? x + delta : x)));
  return (at(h) - at(-h)) / (2 * h);
};

Deno.test("a permutation of rows permutes advantages and gradients and leaves the loss", () => {
  fc.assert(fc.property(config, rows, fc.infiniteStream(fc.nat()), (c, all, keys) => {
    const order = all.map((_, i) => ({ i, key: keys.next().value! }))
      .sort((a, b) => a.key - b.key).map(({ i }) => i);
    const straight = policyObjective(c, batchOf(all));
    const permuted = policyObjective(c, batchOf(order.map((i) => all[i]!)));
    close(straight.loss, permuted.loss, 1e-9, "loss");
    order.forEach((from, to) => {
      permuted.dlogp[to]!.forEach((d, t) => close(d, straight.dlogp[from]![t]!, 1e-6, "dlogp"));
      permuted.advantages[to]!.forEach((a, t) =>
        close(a, straight.advantages[from]![t]!, 1e-6, "advantage")
      );
    });
  }));
});

Deno.test("policy gradients are the differences of the loss, away from the clip's corners", () => {
  fc.assert(fc.property(config, rows, (c, all) => {
    const batch = batchOf(all);
    const credit = assignCredit(c, batch);
    const { dlogp } = policyObjective(c, batch, credit);
    // CISPO's weight is a constant of the loss, so its differences are another function's.
    fc.pre(c.algorithm !== "cispo");
    const loss = (shifted: number[][]) =>
      policyObjective(c, { ...batch, logp: shifted }, credit).loss;
    batch.logp.forEach((values, r) => {
      for (let t = 0; t < values.length; t++) {
        const fine = difference(batch.logp, loss, r, t);
        // A corner lies between the two sides where one-sided differences disagree.
        const corner = Math.abs(
          loss(shift(batch.logp, r, t, 1e-6)) + loss(shift(batch.logp, r, t, -1e-6)) -
            2 * loss(shift(batch.logp, r, t, 0)),
        ) > 1e-10;
        if (!corner) close(dlogp[r]![t]!, fine, 1e-5, `dlogp[${r}][${t}]`);
      }
    });
  }));
});

const shift = (
  values: readonly ArrayLike<number>[],
  r: number,
  t: number,
  by: number,
): number[][] => values.map((v, i) => Array.from(v, (x, j) => i === r && j === t ? x + by : x));

const pairs = fc.array(fc.tuple(row, row), { minLength: 1, maxLength: 4 });
const preferences = (all: readonly (readonly Row[])[]): PreferenceBatch => {
  const flat = all.flatMap((members, group) =>
    members.map((r, i) => ({ ...r, group, winner: i === 0 }))
  );
  return {
    logp: flat.map((r) => r.logp),
    ref_logp: flat.map((r) => r.logp.map((x, t) => x + r.near[t]!)),
    mask: flat.map((r) => r.mask),
    group: flat.map((r) => r.group),
    winner: flat.map((r) => r.winner),
  };
};

const gepo: PreferenceConfig = {
  kind: "gepo",
  beta: 0.7,
  lambda: 1,
  beta_inside_variance: false,
  sample_variance: false,
  length_normalised: false,
};

Deno.test("GEPO and the softmax group with one winner and one loser are DPO", () => {
  fc.assert(fc.property(pairs, (all) => {
    const batch = preferences(all);
    const dpo = preferenceObjective({ ...gepo, kind: "dpo" }, batch);
    for (const kind of ["gepo", "softmax-group"] as const) {
      const other = preferenceObjective({ ...gepo, kind }, batch);
      close(other.loss, dpo.loss, 1e-12, kind);
      other.dlogp.forEach((d, r) => d.forEach((x, t) => close(x, dpo.dlogp[r]![t]!, 1e-12, kind)));
    }
  }));
});

Deno.test("preference gradients are the differences of the loss, in every form", () => {
  const forms = fc.record({
    kind: fc.constantFrom("gepo", "softmax-group"),
    beta: fc.constantFrom(0.1, 2),
    lambda: fc.constantFrom(0, 0.5, 1),
    beta_inside_variance: fc.boolean(),
    sample_variance: fc.boolean(),
    length_normalised: fc.boolean(),
  }) as fc.Arbitrary<PreferenceConfig>;
  const groups = fc.array(fc.array(row, { minLength: 3, maxLength: 5 }), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(fc.property(forms, groups, (c, all) => {
    const one = preferences(all);
    const batch = { ...one, winner: one.winner.map((_, i) => i % 2 === 0 || one.winner[i]!) };
    fc.pre(all.every((_, g) => batch.winner.some((w, i) => !w && batch.group[i] === g)));
    const { dlogp } = preferenceObjective(c, batch);
    const loss = (shifted: number[][]) => preferenceObjective(c, { ...batch, logp: shifted }).loss;
    batch.logp.forEach((values, r) => {
      for (let t = 0; t < values.length; t++) {
        close(dlogp[r]![t]!, difference(batch.logp, loss, r, t), 1e-6, `dlogp[${r}][${t}]`);
      }
    });
  }));
});

Deno.test("the sample variance is the population's times n / (n - 1), and 0 of one winner", () => {
  const logp = [[-1], [-3], [-2]];
  const batch: PreferenceBatch = {
    logp,
    ref_logp: logp.map(() => [-1]),
    mask: logp.map(() => [1]),
    group: [0, 0, 0],
    winner: [true, true, false],
  };
  const variance = (sample_variance: boolean, winner: readonly boolean[]) =>
    preferenceObjective({ ...gepo, sample_variance }, { ...batch, winner })
      .metrics["winner_variance"];
  // Log-ratios 0 and -2: deviations of 1.
  assert.deepEqual([false, true].map((of) => variance(of, batch.winner)), [1, 2]);
  assert.deepEqual([false, true].map((of) => variance(of, [true, false, false])), [0, 0]);
});

Deno.test("log-ratios a thousand nats apart give finite losses and gradients", () => {
  for (const kind of ["dpo", "gepo", "softmax-group"] as const) {
    for (const [w, l] of [[-1000, 1000], [1000, -1000]] as const) {
      const { loss, dlogp } = preferenceObjective({ ...gepo, kind, beta: 40 }, {
        logp: [[w], [l]],
        ref_logp: [[0], [0]],
        mask: [[1], [1]],
        group: [0, 0],
        winner: [true, false],
      });
      assert.ok(Number.isFinite(loss) && dlogp.every((row) => row.every(Number.isFinite)));
    }
  }
});
