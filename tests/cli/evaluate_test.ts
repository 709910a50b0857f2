import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { calque } from "./calque.ts";

const assets = fileURLToPath(new URL("../../assets", import.meta.url));
const asked = ["evaluate", "--model", `${assets}/seed`, "--tasks", `${assets}/tasks`];

Deno.test("evaluate tells pass@k, the change against a model before, and what is recognised", async () => {
  const { code, stdout, stderr } = await calque([
    ...asked,
    ...["--before", `${assets}/seed`, "--groups", `${assets}/groups.jsonl`, "--questions"],
    ...["--problems", "4", "--samples", "2", "--temperature", "0.5", "--k", "1,2"],
    ...["--sources", "python", "--targets", "lua,c", "--trained", "c", "--json"],
  ]);
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.deepEqual(report.pass_at_k.map(({ k }: { k: number }) => k), [1, 2]);
  assert.ok(report.pass_at_k[1].value >= report.pass_at_1);
  assert.equal(report.samples, 8);
  // A model against itself: the same samples, no change, no flips, and no log-ratio to recognise by.
  assert.equal(report.before.pass_at_1, report.pass_at_1);
  const { all, untrained, cells } = report.transfer.rows[0];
  assert.deepEqual([all.value, all.gained, all.lost], [0, 0, 0]);
  assert.equal(untrained.problems, cells.lua.problems);
  assert.equal(report.recognition.tiers.all.rhat.value, 0.5);
  assert.ok(report.recognition.tiers["ill-formed"].likelihood_after.value > 0.5);
  assert.ok(report.questions.groups > 0);
  const { questions, accuracy, says_yes } = report.equivalence;
  assert.equal(says_yes.equivalent.questions, questions / 2);
  assert.deepEqual(accuracy.before, accuracy.after);
});

Deno.test("evaluate refuses a k beyond the samples, and to ask nothing", async () => {
  const greedy = await calque([...asked, "--samples", "4", "--k", "4"]);
  assert.equal(greedy.code, 2);
  assert.match(greedy.stderr, /--k 4.*1 samples.*greedy takes one/);
  const nothing = await calque(asked.slice(0, 3));
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /--tasks DIR, or --groups FILE/);
});
