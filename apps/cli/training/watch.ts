import type { RolloutRow, TrainEvent } from "../../../ts/train/mod.ts";
import { formatShare } from "../../../ts/evaluate/mod.ts";
import { clock, type Display, type Progress } from "../display.ts";

/** Shows a run's events as they come. `now_ms` is a clock. */
export const watch = (
  display: Display,
  steps: number,
  now_ms: () => number = () => performance.now(),
): (event: TrainEvent) => void => {
  let rollouts: readonly RolloutRow[] = [];
  let shown: Progress = { step: 0, steps };
  let first: { readonly step: number; readonly at_ms: number } | undefined;
  let last_ms = now_ms();

  return (event) => {
    switch (event.type) {
      case "device": {
        const { name, fallback, warning } = event.device;
        display.line(`device: ${name}${fallback ? " (software: right answers, slowly)" : ""}`);
        if (warning !== undefined) display.line(`warning: ${warning}`);
        last_ms = now_ms();
        return;
      }
      case "plan": {
        const { stage, stages, method, memory, counts } = event;
        const part = stages > 1 ? ` (stage ${stage} of ${stages})` : "";
        const facts = Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(", ");
        display.line(
          `plan: ${method}${part}, ${event.steps} steps, ${mebibytes(memory.total_bytes)}`,
        );
        if (facts !== "") display.line(`      ${facts}`);
        return;
      }
      case "estimate":
        display.line(`time: about ${clock(event.seconds)}`);
        last_ms = now_ms();
        return;
      case "resumed":
        display.line(`resumed after step ${event.step}`);
        return;
      case "evaluation": {
        const { when, step, temperature, score } = event.evaluation;
        const how = temperature === 0 ? "greedy" : `T=${temperature}`;
        display.line(`${when} (step ${step}, ${how}): pass@1 ${formatShare(score)} %`);
        last_ms = now_ms();
        return;
      }
      case "rollout":
        rollouts = event.rows;
        return;
      case "metrics": {
        const { step, loss, num_tokens = 0, sampled_tokens = 0 } = event.metrics;
        const tokens = num_tokens + sampled_tokens;
        const now = now_ms();
        first ??= { step: step - 1, at_ms: last_ms };
        const step_ms = (now - first.at_ms) / (step - first.step);
        shown = {
          step,
          steps,
          loss,
          reward: event.metrics["reward"],
          pass: passByTarget(rollouts),
          verdicts: verdictsOf(rollouts),
          tokens_per_s: tokens === 0 ? undefined : 1000 * tokens / (now - last_ms),
          left_s: step_ms * (steps - step) / 1000,
        };
        last_ms = now;
        rollouts = [];
        display.step(shown);
        return;
      }
      case "progress":
        display.tick({
          ...shown,
          step: event.step,
          steps: event.steps,
          stage: event.doing,
          part: event.of === 0 ? undefined : event.done / event.of,
        });
        return;
      case "checkpoint":
      case "done":
        return;
    }
  };
};

const passByTarget = (rows: readonly RolloutRow[]): Record<string, number> | undefined => {
  const counts = new Map<string, { passed: number; of: number }>();
  for (const { target, reward } of rows) {
    if (reward === null) continue;
    const count = counts.get(target) ?? { passed: 0, of: 0 };
    counts.set(target, { passed: count.passed + (reward > 0 ? 1 : 0), of: count.of + 1 });
  }
  const shares = [...counts].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([target, { passed, of }]) => [target, passed / of] as const);
  return shares.length === 0 ? undefined : Object.fromEntries(shares);
};

const verdictsOf = (rows: readonly RolloutRow[]): Record<string, number> | undefined => {
  const mix: Record<string, number> = {};
  for (const { judgement } of rows) mix[judgement.verdict] = (mix[judgement.verdict] ?? 0) + 1;
  return rows.length === 0 ? undefined : mix;
};

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB of GPU memory`;
