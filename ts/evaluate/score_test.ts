import assert from "node:assert/strict";
import fc from "fast-check";
import { clusterInterval, wilson } from "./interval.ts";
import { type JudgedSample, passed } from "./sample.ts";
import { passAtOne, passBy, shareOf } from "./score.ts";

const languages = ["c", "javascript", "lua", "python"];
const sample: fc.Arbitrary<JudgedSample> = fc.record({
  task: fc.integer({ min: 0, max: 9 }).map((i) => `task-${i}`),
  family: fc.constant("family"),
  source: fc.constantFrom(...languages),
  target: fc.constantFrom(...languages),
  index: fc.integer({ min: 0, max: 3 }),
  given: fc.constant(""),
  code: fc.constant(""),
  verdict: fc.constantFrom("pass", "pass", "wrong-answer", "compile-error", "infrastructure"),
});

Deno.test("an interval lies in [0, 1] and holds its estimate", () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 40 }), fc.nat(), (samples, seed) => {
      const score = passAtOne(samples, seed);
      for (const share of [score, ...Object.values(score.pairs)]) {
        assert.ok(0 <= share.low && share.low <= share.high && share.high <= 1);
        if (share.samples > 0) {
          assert.ok(share.low <= share.pass_at_1 && share.pass_at_1 <= share.high);
          assert.ok(share.high > share.low, "no finite sample gives certainty");
        }
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("the order of the samples and infrastructure errors change nothing", () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 40 }), fc.nat(), (samples, seed) => {
      const counted = samples.filter((s) => s.verdict !== "infrastructure");
      const score = passAtOne(samples, seed);
      const reversed = passAtOne([...samples].reverse(), seed);
      assert.ok(Math.abs(score.pass_at_1 - reversed.pass_at_1) < 1e-12);
      assert.deepEqual(Object.keys(score.pairs), Object.keys(reversed.pairs));
      const { pairs: _, ...overall } = passAtOne(counted, seed);
      assert.deepEqual(shareOf(samples, seed), overall);
      assert.equal(score.samples, counted.length);
    }),
    { numRuns: 60 },
  );
});

Deno.test("with one sample a problem, pass@1 is the plain share of passes", () => {
  fc.assert(fc.property(
    fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
    (outcomes) => {
      const samples = outcomes.map((ok, i) => make(`t${i}`, "python", "lua", ok));
      const expected = outcomes.filter(Boolean).length / outcomes.length;
      assert.ok(Math.abs(passAtOne(samples).pass_at_1 - expected) < 1e-12);
    },
  ));
});

Deno.test("a problem counts once however often it was sampled", () => {
  const samples = [
    ...Array.from({ length: 9 }, () => make("often", "python", "lua", true)),
    make("once", "python", "lua", false),
  ];
  assert.equal(passAtOne(samples).pass_at_1, 0.5);
});

Deno.test("the bootstrap meets the binomial interval where every task has one sample", () => {
  const samples = Array.from({ length: 400 }, (_, i) => make(`t${i}`, "c", "lua", i % 4 === 0));
  const share = shareOf(samples, 3);
  const half = 1.96 * Math.sqrt(0.25 * 0.75 / 400);
  assert.ok(Math.abs(share.low - (0.25 - half)) < 0.006, `low ${share.low}`);
  assert.ok(Math.abs(share.high - (0.25 + half)) < 0.006, `high ${share.high}`);
});

Deno.test("samples of one task that agree do not narrow the interval", () => {
  const once = Array.from({ length: 50 }, (_, i) => make(`t${i}`, "c", "lua", i % 2 === 0));
  const tenfold = once.flatMap((s) => Array.from({ length: 10 }, (_, index) => ({ ...s, index })));
  const width = (share: { low: number; high: number }) => share.high - share.low;
  assert.ok(Math.abs(width(shareOf(once, 1)) - width(shareOf(tenfold, 1))) < 1e-9);
});

Deno.test("the same seed gives the same interval, another seed another one", () => {
  const samples = Array.from({ length: 30 }, (_, i) => make(`t${i}`, "c", "lua", i % 3 === 0));
  assert.deepEqual(shareOf(samples, 5), shareOf(samples, 5));
  const widths = new Set([1, 2, 3, 4, 5, 6].map((seed) => {
    const clusters = Array.from({ length: 97 }, (_, i) => ({ sum: (i * i % 7) / 7, count: 1 }));
    return clusterInterval(clusters, seed).low;
  }));
  assert.ok(widths.size > 1);
});

Deno.test("Wilson's interval at 0 of 10 is [0, 0.278] (Brown, Cai, DasGupta 2001)", () => {
  const { low, high } = wilson(0, 10);
  assert.equal(low, 0);
  assert.ok(Math.abs(high - 0.2775) < 1e-3);
});

Deno.test("no samples say nothing: the interval is all of [0, 1]", () => {
  assert.deepEqual(passAtOne([]), { pass_at_1: 0, low: 0, high: 1, samples: 0, pairs: {} });
});

Deno.test("the sides of the pair are counted by themselves", () => {
  const samples = [
    make("a", "python", "lua", true),
    make("b", "python", "c", false),
    make("c", "lua", "c", true),
  ];
  assert.equal(passBy(samples, "target")["c"]?.pass_at_1, 0.5);
  assert.equal(passBy(samples, "source")["python"]?.pass_at_1, 0.5);
  assert.equal(samples.filter(passed).length, 2);
  assert.deepEqual(Object.keys(passAtOne(samples).pairs), ["lua->c", "python->c", "python->lua"]);
});

const make = (task: string, source: string, target: string, ok: boolean): JudgedSample => ({
  task,
  family: "family",
  source,
  target,
  index: 0,
  given: "",
  code: "",
  verdict: ok ? "pass" : "wrong-answer",
});
