import { Effect } from "effect";
import type { Engine } from "../model/mod.ts";
import { onEngine } from "../rollout/mod.ts";
import type { PreparedStage } from "./prepare.ts";
import { meanTokens, type Workload } from "./workload.ts";

/** Seconds that this machine takes for one of each; 0 for what a run does not do. */
export interface Speed {
  readonly trained_token_s: number;
  readonly sampled_token_s: number;
  readonly judged_s: number;
}

/** Tokens that each slot decodes in the probe. */
const PROBE_TOKENS = 16;

/**
 * Measures with a forward pass, a short generation and a few programs that are known to be right: a
 * second or two, and the weights stay as they are. A trained token costs what three do in a forward
 * pass, as the backward one does twice its work.
 */
export const measureSpeed = Effect.fn("measureSpeed")(function* (
  engine: Engine,
  { engine: { tokens_per_pass, context, slots = 0 }, setting, problems }: PreparedStage,
) {
  const length = Math.min(context, tokens_per_pass, 128);
  const rows = Array.from(
    { length: Math.floor(tokens_per_pass / length) },
    () => new Uint32Array(length),
  );
  const forward = onEngine(() => engine.logProbs(rows, { temperature: 1 }));
  const sample = (samples: number) =>
    onEngine(() =>
      engine.generate({
        prompts: [Uint32Array.of(0)],
        samples,
        max_tokens: PROBE_TOKENS,
        temperature: 1,
        seed: 0,
        stop: [],
      })
    );
  // The first call of each compiles its kernels.
  yield* forward;
  if (slots > 0) yield* sample(1);
  const forward_s = yield* secondsOf(forward);
  const sampling_s = slots === 0 ? 0 : yield* secondsOf(sample(slots));

  const { judge, concurrency } = setting;
  const programs = problems.filter(({ source, task }) =>
    source !== "statement" && task.test_program === undefined
  ).slice(0, 2 * concurrency);
  const judging_s = yield* secondsOf(
    Effect.forEach(programs, ({ task, source, given }) => judge(task, source, given), {
      concurrency,
    }),
  );
  return {
    trained_token_s: 3 * forward_s / (rows.length * length),
    sampled_token_s: slots === 0 ? 0 : sampling_s / (slots * PROBE_TOKENS),
    judged_s: programs.length === 0 ? 0 : judging_s / programs.length,
  } satisfies Speed;
});

const secondsOf = Effect.fnUntraced(function* <E, R>(work: Effect.Effect<unknown, E, R>) {
  const started_ms = performance.now();
  yield* work;
  return (performance.now() - started_ms) / 1000;
});

/** Seconds that all steps and evaluations take at this speed, with nothing overlapping. */
export const estimateSeconds = (stages: readonly PreparedStage[], speed: Speed): number => {
  const seconds = (work: Workload): number =>
    work.trained_tokens * speed.trained_token_s + work.sampled_tokens * speed.sampled_token_s +
    work.judged * speed.judged_s;
  const evaluated = stages.filter(({ problems }) => problems.length > 0);
  return stages.reduce(
    (sum, { stage, learner }) => sum + stage.steps * seconds(learner.workload),
    0,
  ) +
    evaluated.reduce((sum, prepared, i) => {
      const { steps, evaluate } = prepared.stage;
      const during = (evaluate!.every ?? 0) > 0 ? Math.floor((steps - 1) / evaluate!.every!) : 0;
      const all = prepared.problems.length;
      const less = Math.min(all, evaluate!.problems_during ?? all) / all;
      const times = (i === 0 && evaluate!.before ? 1 : 0) + during * less + 1;
      return sum + times * seconds(evaluationWorkload(prepared));
    }, 0);
};

const evaluationWorkload = ({ problems, setting, stage }: PreparedStage): Workload => {
  const judged = problems.length * (1 + stage.evaluate!.samples);
  const mean = meanTokens(problems, setting.tokenizer!, stage.rollout!.max_tokens);
  return {
    // A prompt takes a forward pass only, once for all samples of a temperature.
    trained_tokens: 2 * problems.length * mean.prompt / 3,
    sampled_tokens: judged * mean.completion,
    judged,
  };
};
