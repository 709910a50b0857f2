import assert from "node:assert/strict";
import fc from "fast-check";
import { anyOfK, passAtK } from "./pass_at_k.ts";
import type { JudgedSample } from "./sample.ts";
import { shareOf } from "./score.ts";

/** All ways to take k of n samples, of which the first c pass, one by one. */
const byCounting = (n: number, c: number, k: number): number => {
  let [ways, hits] = [0, 0];
  for (let set = 0; set < 1 << n; set++) {
    const taken = Array.from({ length: n }, (_, i) => (set >> i) & 1);
    if (taken.reduce((a, b) => a + b, 0) !== k) continue;
    ways++;
    if (taken.slice(0, c).includes(1)) hits++;
  }
  return hits / ways;
};

Deno.test("the estimator is the share of k-subsets that hold a pass", () => {
  for (let n = 1; n <= 9; n++) {
    for (let c = 0; c <= n; c++) {
      for (let k = 1; k <= n; k++) {
        assert.ok(Math.abs(anyOfK(n, c, k) - byCounting(n, c, k)) < 1e-12, `${n} ${c} ${k}`);
      }
    }
  }
});

Deno.test("it stays finite where binomial coefficients do not", () => {
  const share = anyOfK(10_000, 30, 100);
  assert.ok(share > 0.25 && share < 0.27, String(share));
});

const make = (task: number, index: number, verdict: string): JudgedSample => ({
  task: `t${task}`,
  family: "f",
  source: "python",
  target: "lua",
  index,
  given: "",
  code: "",
  verdict,
});

const outcomes = fc.array(
  fc.array(fc.constantFrom("pass", "wrong-answer", "infrastructure"), {
    minLength: 1,
    maxLength: 8,
  }),
  { minLength: 1, maxLength: 12 },
).map((tasks) => tasks.flatMap((own, task) => own.map((v, i) => make(task, i, v))));

Deno.test("pass@1 is the share; more samples help; an interval holds its estimate", () => {
  fc.assert(
    fc.property(outcomes, fc.nat(), (samples, seed) => {
      const one = passAtK(samples, 1, seed);
      const share = shareOf(samples, seed);
      if (share.samples > 0) {
        assert.ok(Math.abs(one.value - share.pass_at_1) < 1e-12);
        assert.ok(Math.abs(one.low - share.low) < 1e-12);
      }
      let fewer = 0;
      const full = samples.filter(({ task }) =>
        samples.filter((s) => s.task === task && s.verdict !== "infrastructure").length >= 4
      );
      for (let k = 1; k <= 4; k++) {
        const { value, low, high } = passAtK(full, k, seed);
        assert.ok(0 <= low && low <= value && value <= high && high <= 1);
        if (full.length > 0) assert.ok(value >= fewer - 1e-12);
        fewer = value;
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("problems with fewer than k samples say nothing of pass@k", () => {
  const samples = [
    make(0, 0, "pass"),
    ...[0, 1, 2].map((i) => make(1, i, i === 2 ? "pass" : "wrong-answer")),
    ...[0, 1, 2].map((i) => make(2, i, i === 2 ? "infrastructure" : "pass")),
  ];
  const { problems, value } = passAtK(samples, 3);
  assert.equal(problems, 1);
  assert.equal(value, 1);
  assert.equal(passAtK(samples, 4).problems, 0);
  assert.throws(() => passAtK(samples, 0), RangeError);
});
