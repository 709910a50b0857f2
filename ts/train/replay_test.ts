import assert from "node:assert/strict";
import type { Metrics, RolloutRow } from "./events.ts";
import { parseRecipe } from "./recipe/parse.ts";
import { replay } from "./replay.ts";
import { oorl, runAll, temporary } from "./tiny_fixture.ts";

const row = (group: number, reward: number | null, tokens: number): RolloutRow => ({
  step: 1,
  task: `t${group}`,
  source: "python",
  target: "lua",
  prompt: "",
  completion: "",
  reward,
  judgement: { verdict: reward === 1 ? "pass" : "wrong-answer", tests: [] },
  weight_version: 0,
  group,
  truncated: false,
  ids: Array.from({ length: tokens }, (_, t) => t),
  logprobs: Array.from({ length: tokens }, (_, t) => -0.1 * (t + 1)),
});

const stageOf = (objective: object, size?: number) =>
  parseRecipe(
    JSON.stringify({
      method: "rl",
      model: "model",
      steps: 1,
      optimizer: { lr: 1e-3 },
      rollout: { tasks: "tasks", sources: ["python"], targets: ["lua"], prompts_per_step: 2 },
      objective,
      ...(size === undefined ? {} : { batch: { size } }),
    }),
    "recipe.json",
  ).stages[0];

Deno.test("GRPO: the advantage is the reward's distance from its group, in deviations", () => {
  const rows = [row(0, 1, 2), row(0, 0, 3), row(1, 0, 2), row(1, null, 2)];
  const { tokens, group, policy_loss, rows: updated } = replay(
    stageOf({ algorithm: "grpo" }),
    rows,
    0,
  );
  assert.deepEqual(group, [1, 0]);
  assert.equal(updated, 3);
  const advantage = 0.5 / (Math.SQRT1_2 + 1e-4);
  for (const token of tokens!) {
    assert.ok(Math.abs(token.advantage - advantage) < 1e-12);
    // Likelier is better where the reward was above the others'.
    assert.ok(token.slope < 0);
  }
  assert.ok(Math.abs(policy_loss!) < 1e-12 || policy_loss! < 0);
});

Deno.test("what was not trained on says why", () => {
  const rows = [row(0, 1, 2), row(0, 0, 3), row(1, 0, 2), row(1, 0, 2), row(1, null, 2)];
  assert.match(replay(stageOf({}), rows, 4).left_out!, /the judge failed/);
  const dynamic = stageOf({ algorithm: "dapo", dynamic_sampling: true });
  assert.match(replay(dynamic, rows, 2).left_out!, /dynamic sampling/);
  assert.equal(replay(dynamic, rows, 0).left_out, undefined);
  assert.throws(() => replay(dynamic, rows, 5), RangeError);
});

Deno.test("what cannot be told exactly is noted", () => {
  const rows = [row(0, 1, 2), row(0, 0, 3), row(1, 0, 2), row(1, 1, 2)];
  assert.deepEqual(replay(stageOf({}, 2), rows, 1).notes, []);
  assert.match(replay(stageOf({}, 2), rows, 2).notes[0]!, /later update/);
  assert.match(replay(stageOf({ kl_loss: 0.1 }), rows, 0).notes[0]!, /KL is taken as 0/);
  const reference = rows.map(({ logprobs }) => logprobs.map((logprob) => logprob - 1));
  const { policy_loss, notes } = replay(stageOf({ kl_loss: 0.1 }), rows, 0, reference);
  assert.deepEqual(notes, []);
  const without = replay(stageOf({ kl_loss: 0.1 }), rows, 0).policy_loss!;
  assert.ok(Math.abs(policy_loss! - without - 0.1 / 2) < 1e-6);
});

Deno.test("the rows of a real step give its loss again, to the bit", async () => {
  const folder = temporary();
  const recipe = oorl(folder, {
    steps: 2,
    batch: { size: 6 },
    objective: { kl_in_reward: 0 },
  });
  const events = await runAll(recipe, folder, false);
  const metrics = events.flatMap((event): Metrics[] =>
    event.type === "metrics" ? [event.metrics] : []
  );
  const steps = events.flatMap((event) => event.type === "rollout" ? [event.rows] : []);
  assert.equal(steps.length, 2);
  steps.forEach((rows, i) => {
    // Through JSON, as the run's file has them.
    const { policy_loss } = replay(recipe.stages[0], JSON.parse(JSON.stringify(rows)), 0);
    assert.equal(policy_loss, metrics[i]!["loss_rl"]);
  });
});
