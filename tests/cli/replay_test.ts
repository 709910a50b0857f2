import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calque, root } from "./calque.ts";

const right = "function f(a)\n  return a + 1\nend";
const wrong = "function f(a)\n  return a - 1\nend";

const task = {
  id: "t",
  family: "t",
  statement: "f(a): Return a plus 1.",
  signature: { name: "f", parameters: [{ name: "a", type: "int" }], result: "int" },
  cases: [{ arguments: [1], result: 2 }, { arguments: [-4], result: -3 }],
  split: "train",
  source: "test",
  licence: "none",
};

const row = (completion: string, reward: number) => ({
  step: 1,
  task: "t",
  source: "python",
  target: "lua",
  prompt: "<|python|>def f(a): return a + 1<|lua|>",
  completion,
  reward,
  judgement: { verdict: reward === 1 ? "pass" : "wrong-answer", tests: [] },
  weight_version: 0,
  group: 0,
  truncated: false,
  ids: [1, 2, 3],
  logprobs: [-0.5, -0.25, -0.125],
});

Deno.test("replay judges again and walks to the loss; a forged reward is found out", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-replay-"));
  try {
    const recipe = JSON.parse(await readFile(join(root, "recipes/quickstart.json"), "utf8"));
    recipe.rollout.tasks = folder;
    recipe.model = join(root, "assets/seed");
    await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
    await writeFile(join(folder, "tasks.jsonl"), JSON.stringify(task) + "\n");
    const rows = [row(right, 1), row(wrong, 0), row(wrong, 1)];
    await writeFile(
      join(folder, "rollouts.jsonl"),
      rows.map((each) => JSON.stringify(each) + "\n").join(""),
    );
    const metrics = { step: 1, loss: 0.01, loss_rl: 0.0, loss_gepo: 0.7 };
    await writeFile(join(folder, "metrics.jsonl"), JSON.stringify(metrics) + "\n");
    const replay = async (sample: number) =>
      JSON.parse(
        (await calque(["replay", folder, "--step", "1", `--sample=${sample}`, "--json"])).stdout,
      );

    const good = await replay(0);
    assert.deepEqual([good.same_verdict, good.reward_again], [true, 1]);
    assert.deepEqual(good.replay.group, [1, 0, 1]);
    // REINFORCE++: rewards 1, 0, 1 over equal lengths, centred and divided by their deviation.
    const expected = (1 - 2 / 3) / Math.sqrt(2 / 9);
    for (const { advantage, slope } of good.replay.tokens) {
      assert.ok(Math.abs(advantage - expected) < 1e-6 && slope < 0);
    }
    assert.deepEqual(good.terms.terms.map(({ name }: { name: string }) => name), [
      "policy",
      "GEPO",
    ]);
    const forged = await replay(2);
    assert.deepEqual([forged.same_verdict, forged.reward_again], [false, 0]);

    const text = await calque(["replay", folder, "--step", "1", "--sample", "2"]);
    assert.match(text.stdout, /1\. verdict: wrong-answer, NOT the same: it was pass/);
    assert.match(text.stdout, /2\. reward: 0; it was 1/);
    const beyond = await calque(["replay", folder, "--step", "1", "--sample", "3"]);
    assert.equal(beyond.code, 2);
    assert.match(beyond.stderr, /step 1 has no sample 3; expected 0 to 2/);
    assert.match((await calque(["replay", folder, "--step", "9"])).stderr, /a step of 1 to 1/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
