import { Effect } from "effect";
import type { Engine } from "../model/mod.ts";
import { type Problem, type Rollout, rollOut, type RolloutOptions } from "../rollout/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import type { JudgedSample } from "./sample.ts";
import { passAtOne, type Score } from "./score.ts";

export interface Evaluated {
  readonly samples: readonly JudgedSample[];
  readonly score: Score;
  readonly sampled_tokens: number;
}

/**
 * Asks a model every problem `samples` times and judges each answer by the task's tests, exactly as
 * training's rollouts do; at temperature 0 more than one sample of a problem would be the same.
 */
export const evaluate = Effect.fn("evaluate")(function* (
  engine: Engine,
  tokenizer: Tokenizer,
  problems: readonly Problem[],
  options: RolloutOptions,
) {
  const samples = options.temperature === 0 ? 1 : options.samples;
  const { rollouts, sampled_tokens } = yield* rollOut(engine, tokenizer, problems, {
    ...options,
    samples,
  });
  const judged = rollouts.map(judgedSample);
  return {
    samples: judged,
    score: passAtOne(judged, options.seed),
    sampled_tokens,
  } satisfies Evaluated as Evaluated;
});

const judgedSample = ({ problem, index, code, judgement }: Rollout): JudgedSample => ({
  task: problem.task.id,
  family: problem.task.family,
  source: problem.source,
  target: problem.target,
  index,
  given: problem.given,
  code,
  verdict: judgement.verdict,
});
