import assert from "node:assert/strict";
import fc from "fast-check";
import { flips } from "./flips.ts";
import { comparisonTable, flipsText, scoreTable } from "./report.ts";
import type { JudgedSample } from "./sample.ts";
import { renderTable, sideBySide } from "./table.ts";

const make = (task: string, target: string, verdict: string, code = "x"): JudgedSample => ({
  task,
  family: "f",
  source: "python",
  target,
  index: 0,
  given: "def f(): pass",
  code,
  verdict,
});

const before = [
  make("a", "lua", "wrong-answer", "old a"),
  make("b", "lua", "pass"),
  make("c", "perl", "wrong-answer"),
  make("d", "lua", "infrastructure"),
];
const after = [
  make("a", "lua", "pass", "new a"),
  make("b", "lua", "time-limit"),
  make("c", "perl", "pass"),
  make("d", "lua", "pass"),
];

Deno.test("flips are the problems whose outcome changed, without those that infrastructure spoilt", () => {
  const { gained, lost } = flips(before, after);
  assert.deepEqual(gained.map((flip) => flip.after.task), ["a", "c"]);
  assert.deepEqual(lost.map((flip) => flip.after.task), ["b"]);
});

Deno.test("flips between two sets swap sides when the sets do", () => {
  const set = fc.uniqueArray(
    fc.record({
      task: fc.integer({ min: 0, max: 30 }).map(String),
      verdict: fc.constantFrom("pass", "wrong-answer", "infrastructure"),
    }).map(({ task, verdict }) => make(task, "lua", verdict)),
    { selector: (sample) => sample.task },
  );
  fc.assert(fc.property(set, set, (one, other) => {
    const forth = flips(one, other);
    const back = flips(other, one);
    const names = (list: typeof forth.gained) => list.map((flip) => flip.after.task).sort();
    assert.deepEqual(names(forth.gained), names(back.lost));
    assert.deepEqual(names(forth.lost), names(back.gained));
  }));
});

Deno.test("the comparison lists never-rewarded targets apart and the change of each", () => {
  const table = comparisonTable([{ temperature: 0, before, after }, {
    temperature: 1,
    before,
    after,
  }], ["lua"]);
  const lines = table.split("\n");
  assert.match(lines[0]!, /greedy before .*T=1 before/);
  assert.match(lines.find((line) => line.startsWith("to lua"))!, /50\.0 \[.*66\.7 \[.*\+16\.7/);
  assert.match(lines.find((line) => line.startsWith("to perl"))!, /never rewarded.*\+100\.0/);
});

Deno.test("flips are shown side by side with their verdicts", () => {
  const text = flipsText({ temperature: 0, before, after }, { gained: 3, lost: 1 }, 90);
  assert.match(text, /Passes now \(1 of 2\): a, python->lua/);
  assert.match(text, /def f\(\): pass\s+\| old a\s+\| new a/);
  assert.match(text, /Passes no longer \(1 of 1\): b/);
  assert.match(text, /after: time-limit/);
});

Deno.test("one evaluation's table has a row for all, each source and each target", () => {
  const names = scoreTable(after).split("\n").slice(2).map((line) => line.split(/ {2,}/)[0]);
  assert.deepEqual(names, ["all", "from python", "to lua", "to perl"]);
});

Deno.test("tables keep their columns, whatever the text", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (rows) => {
    const printed = renderTable([{ title: "one" }, { title: "two", align: "right" }], rows);
    assert.ok(printed.length > 0);
    const width = 60;
    for (
      const line of sideBySide(rows.map(([title, text]) => ({ title, text })), width).split("\n")
    ) {
      assert.ok([...line].length <= Math.max(width, rows.length * 11), line);
      // deno-lint-ignore no-control-regex -- what a model wrote must not command the terminal
      assert.ok(!/[\u0000-\u001f\u007f-\u009f]/.test(line));
    }
  }));
});
