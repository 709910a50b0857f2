import assert from "node:assert/strict";
import fc from "fast-check";
import { probeStates } from "../probe.ts";
import type { JudgedSample } from "../sample.ts";
import { transferMatrix } from "../transfer.ts";
import { equivalence } from "../yes_no.ts";
import { figure, lineChart } from "./line_chart.ts";
import { html } from "./markup.ts";
import { reportHtml } from "./report.ts";
import { ticks } from "./scale.ts";

const make = (task: string, target: string, verdict: string, code: string): JudgedSample => ({
  ...{
    task,
    family: "f",
    source: "python",
    target,
    index: 0,
    given: "def f(): pass",
    code,
    verdict,
  },
});

const before = [make("a", "lua", "wrong-answer", "old"), make("b", "c", "pass", "kept")];
const after = [make("a", "lua", "pass", "new"), make("b", "c", "pass", "kept")];

const states = [[[1, 0], [0, 1]], [[1, 0.1], [0.1, 1]]].map((own) =>
  own.map((state) => Float32Array.from(state))
);

const answers = (margin: number) => [
  { pair: "p", task: "a", equivalent: true, margin },
  { pair: "p", task: "a", equivalent: false, tier: "edited", margin: -1 },
];

const probed = probeStates(["c", "lua"], 2, states, 1, 0);

const report = (code: string) =>
  reportHtml({
    title: "A run",
    facts: [["model", "seed"]],
    trained: ["c"],
    comparisons: [{ temperature: 0, before, after: [{ ...after[0]!, code }, after[1]!] }],
    transfer: transferMatrix([{ name: "run", trained: ["c"], before, after }]),
    equivalence: equivalence(answers(1), answers(-2)),
    probe: {
      before: probed,
      between: [{ name: "stages/1", probe: probed }],
      after: probed,
    },
    curves: [{ title: "loss", points: [{ step: 1, value: 1 }, { step: 2, value: 0.5 }] }],
  });

Deno.test("a report holds its sections, and fetches and runs nothing", () => {
  const page = report("return 1");
  for (
    const title of ["pass@1, greedy", "Transfer", "Representations", "Training", "Programs, greedy"]
  ) {
    assert.ok(page.includes(`<h2>${title}</h2>`), title);
  }
  assert.ok(page.includes("default-src 'none'"));
  assert.doesNotMatch(page, /<script|src=|href=|url\(|@import/);
  assert.ok(page.includes("to lua"), "every target has a row");
  assert.match(page, /<th>right<\/th><td>2<\/td><td>50.0 %<small>.*?<td>100.0 %/);
  assert.match(page, /<th>says yes: edited<\/th><td>1<\/td><td>0.0 %/);
  for (const name of ["before", "stages/1", "after"]) {
    assert.ok(page.includes(`retrieval@1 ${name}<`) && page.includes(`layer 1 ${name}:`), name);
  }
  assert.match(page, /Pass now: 1/);
  assert.doesNotMatch(page, /undefined|NaN/);
});

Deno.test("what a model wrote is shown, whatever it is, and never becomes markup", () => {
  const evil = fc.string().chain((text) =>
    fc.constantFrom(text, `</pre><script>alert(${text})</script>`, `"><img src=x onerror=${text}`)
  );
  fc.assert(fc.property(evil, (code) => {
    const page = report(code);
    assert.doesNotMatch(page, /<script|<img/);
    // As many tags as with a harmless text.
    assert.equal(page.split("<").length, report("x").split("<").length);
  }));
});

Deno.test("templates escape values and not markup", () => {
  const inner = html`<b>${"<&'\">"}</b>`;
  assert.equal(html`${[inner, inner]}`.text, "<b>&lt;&amp;&#39;&quot;&gt;</b>".repeat(2));
});

Deno.test("ticks are round, rise evenly and reach around their span", () => {
  const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(fc.property(number, number, (a, b) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    if (high - low < 1e-9 * Math.max(1, Math.abs(high))) return;
    const marks = ticks(low, high, 4);
    const slack = (high - low) * 1e-6;
    assert.ok(marks[0]! <= low + slack && marks.at(-1)! >= high - slack, `${marks}`);
    assert.ok(marks.length >= 2 && marks.length <= 8, `${marks}`);
  }));
});

Deno.test("a chart stands what training can give: one point, level, or no number", () => {
  const points = (values: number[]) => values.map((value, i) => ({ step: i + 1, value }));
  for (const values of [[], [0.5], [2, 2, 2], [NaN, 1, Infinity], [1e-12, 1e12]]) {
    assert.doesNotMatch(lineChart({ title: "t", points: points(values) }).text, /NaN|Infinity/);
  }
  assert.deepEqual([0, 0.12345, 1234.5678, 2e-7].map(figure), ["0", "0.1235", "1235", "2.0e-7"]);
});
