import assert from "node:assert/strict";
import fc from "fast-check";
import { changeOf } from "./change.ts";
import type { JudgedSample } from "./sample.ts";
import { transferMatrix, transferTable } from "./transfer.ts";

const make = (task: number, target: string, ok: boolean, verdict?: string): JudgedSample => ({
  task: `t${task}`,
  family: "f",
  source: "c",
  target,
  index: 0,
  given: "",
  code: "",
  verdict: verdict ?? (ok ? "pass" : "wrong-answer"),
});

const sides = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 30 })
  .map((pairs) => ({
    before: pairs.map(([was], i) => make(i, "lua", was)),
    after: pairs.map(([, is], i) => make(i, "lua", is)),
  }));

Deno.test("a change is gains minus losses over problems, within its interval, never certain", () => {
  fc.assert(
    fc.property(sides, fc.nat(), ({ before, after }, seed) => {
      const change = changeOf(before, after, seed);
      const n = before.length;
      assert.equal(change.problems, n);
      assert.ok(Math.abs(change.value - (change.gained - change.lost) / n) < 1e-12);
      assert.ok(Math.abs(change.after - change.before - change.value) < 1e-12);
      assert.ok(-1 <= change.low && change.low <= change.value);
      assert.ok(change.value <= change.high && change.high <= 1);
      assert.ok(change.high > change.low);
      const back = changeOf(after, before, seed);
      assert.ok(Math.abs(back.value + change.value) < 1e-12);
    }),
    { numRuns: 50 },
  );
});

Deno.test("only problems of both sides count, without infrastructure errors", () => {
  const before = [make(0, "lua", false), make(1, "lua", false), make(2, "lua", true)];
  const after = [make(0, "lua", true), make(1, "lua", false, "infrastructure")];
  const change = changeOf(before, after);
  assert.equal(change.problems, 1);
  assert.equal(change.value, 1);
  assert.deepEqual([change.gained, change.lost], [1, 0]);
});

Deno.test("pairing shows a change that the sides' own intervals would hide", () => {
  // 200 problems, half of them hard; the model learns 12 and forgets none.
  const before = Array.from({ length: 200 }, (_, i) => make(i, "lua", i % 2 === 0));
  const after = before.map((s, i) => i % 2 === 1 && i < 24 ? make(i, "lua", true) : s);
  const { low, value } = changeOf(before, after, 1);
  assert.equal(value, 0.06);
  assert.ok(low > 0.02, `low ${low}`);
});

Deno.test("rows are trainings, columns languages, and untrained languages are told apart", () => {
  const before = [make(0, "lua", false), make(0, "perl", false), make(1, "perl", false)];
  const after = [make(0, "lua", true), make(0, "perl", false), make(1, "perl", true)];
  const matrix = transferMatrix([
    { name: "on lua", trained: ["lua"], before, after },
    { name: "on both", trained: ["lua", "perl"], before: before.slice(0, 1), after },
  ]);
  assert.deepEqual(matrix.targets, ["lua", "perl"]);
  const [one, both] = matrix.rows;
  assert.equal(one!.cells["lua"]!.value, 1);
  assert.equal(one!.untrained!.value, 0.5);
  assert.equal(one!.untrained!.problems, 2);
  assert.equal(both!.untrained, undefined);
  assert.equal(both!.cells["perl"], undefined);
  const lines = transferTable(matrix).split("\n");
  assert.match(lines[2]!, /^on lua +\*\+100\.0 \[.*\] \+1\/-0 +\+50\.0 \[.*\] \+1\/-0/);
});
