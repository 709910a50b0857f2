import assert from "node:assert/strict";
import type { RolloutRow, TrainEvent } from "../../../ts/train/mod.ts";
import { Display } from "../display.ts";
import { watch } from "./watch.ts";

const shown = (events: readonly (TrainEvent | number)[], steps: number): string[] => {
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string) => written.push(text) > 0 };
  let now_ms = 0;
  const tell = watch(new Display(stream as unknown as NodeJS.WriteStream), steps, () => now_ms);
  for (const event of events) {
    if (typeof event === "number") now_ms += event;
    else tell(event);
  }
  return written.join("").trimEnd().split("\n");
};

const row = (target: string, verdict: "pass" | "wrong-answer" | "infrastructure"): RolloutRow => ({
  step: 1,
  task: "t",
  source: "python",
  target,
  prompt: "",
  completion: "",
  reward: verdict === "infrastructure" ? null : verdict === "pass" ? 1 : 0,
  judgement: { verdict, tests: [] },
  weight_version: 0,
  group: 0,
  truncated: false,
  ids: [1],
  logprobs: [-0.5],
});

const metrics = (step: number, more: Record<string, number> = {}): TrainEvent => ({
  type: "metrics",
  metrics: { step, loss: 0.5, grad_norm: 1, learning_rate: 1e-3, ...more },
});

Deno.test("a step's line tells reward, pass rate per target, verdicts, tokens/s and the time left", () => {
  const rows = [
    row("lua", "pass"),
    row("lua", "wrong-answer"),
    row("c", "pass"),
    row("c", "infrastructure"),
  ];
  const lines = shown([
    { type: "rollout", step: 1, rows },
    2000,
    metrics(1, { reward: 0.667, num_tokens: 2000, sampled_tokens: 1000 }),
    4000,
    metrics(2),
  ], 12);
  assert.equal(
    lines[0],
    "step 1/12 | loss 0.5000 | reward 0.667 | pass % c 100 lua 50 | " +
      "pass 2 wrong-answer 1 infrastructure 1 | 1500 tokens/s | 0:22 left",
  );
  // Two steps took six seconds, ten are left; the first step's rollouts are not told again.
  assert.equal(lines[1], "step 2/12 | loss 0.5000 | 0:30 left");
});

Deno.test("plain logs are spared progress within a step, and told what was resumed", () => {
  const lines = shown([
    { type: "resumed", step: 5 },
    { type: "progress", step: 6, steps: 12, doing: "sampling", done: 1, of: 2 },
    1000,
    metrics(6),
  ], 12);
  assert.deepEqual(lines, ["resumed after step 5", "step 6/12 | loss 0.5000 | 0:06 left"]);
});
