import { Effect } from "effect";
import type { Random } from "../data/mod.ts";
import type { Engine } from "../model/mod.ts";
import {
  type EngineError,
  freshCases,
  type Problem,
  type Rollout,
  sampleRollouts,
} from "../rollout/mod.ts";
import type { Sandbox } from "../sandbox/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import { ROUNDS, variedGroups } from "./dynamic_sampling.ts";
import type { Setting } from "./learner.ts";

/** What a step trains on. */
export interface StepRollouts {
  readonly rollouts: readonly Rollout[];
  /** Updates between the weights that sampled and those that are trained. */
  readonly age: number;
  readonly sampled_tokens: number;
  readonly sampling_ms: number;
  /** Time that the engine stood still for the judge. */
  readonly judging_ms: number;
}

/** A checkpoint's copy of rollouts that wait for their step; what the step's number gives is left out. */
export interface RolloutQueue {
  readonly step: number;
  readonly made: Omit<StepRollouts, "rollouts"> & {
    readonly rollouts: readonly (Omit<Rollout, "problem" | "prompt_ids" | "ids" | "logProbs"> & {
      readonly ids: readonly number[];
      readonly logProbs: readonly number[];
    })[];
  };
}

/** Rollouts for one step after the other. */
export interface RolloutSource {
  /** The rollouts to train on, and what is to be awaited once that is done. */
  readonly take: (
    engine: Engine,
    step: number,
  ) => Effect.Effect<
    StepRollouts & { readonly settle: Effect.Effect<void, never, Sandbox> },
    EngineError,
    Sandbox
  >;
  readonly queue: () => RolloutQueue | undefined;
  readonly restore: (queue: RolloutQueue) => void;
}

/**
 * At staleness 0 a step's rollouts are sampled by the weights that it trains. At staleness 1 they are
 * sampled before the update of the step before and judged while that is computed, so that the GPU and
 * the sandbox work side by side. `problemsOf` and `randomOf` are functions of the step's number.
 */
export const rolloutSource = (
  { stage, stop, judge, ask, concurrency, tell }: Setting,
  tokenizer: Tokenizer,
  problemsOf: (step: number, round: number) => readonly Problem[],
  randomOf: (step: number) => Random,
): RolloutSource => {
  const rollout = stage.rollout!;
  let next: { readonly step: number; readonly made: StepRollouts } | undefined;

  const sampleRound = (engine: Engine, step: number, round: number) =>
    sampleRollouts(engine, tokenizer, problemsOf(step, round), {
      samples: rollout.group_size,
      max_tokens: rollout.max_tokens,
      temperature: rollout.temperature,
      seed: randomOf(step).fork("sampling", ...round === 0 ? [] : [round]).int(0, 2 ** 32 - 1),
      stop: stop.ids,
      extract: rollout.prompts.extract,
      judge,
      fresh: freshCases(ask, rollout.fresh_cases, randomOf(step).fork("cases")),
      concurrency,
      onProgress: tell,
    });
  /** Dynamic sampling asks more problems, until enough of them tell rollouts apart. */
  const sampleMore = Effect.fnUntraced(function* (engine: Engine, step: number) {
    const rollouts: Rollout[] = [];
    let sampled_tokens = 0;
    let sampling_ms = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { judged, ...sampled } = yield* sampleRound(engine, step, round);
      const first = round * rollout.prompts_per_step;
      rollouts.push(...(yield* judged).map((each) => ({ ...each, group: first + each.group })));
      sampled_tokens += sampled.sampled_tokens;
      sampling_ms += sampled.sampling_ms;
      const enough = rollout.prompts_per_step;
      if (variedGroups(rollouts, enough).length === enough) break;
    }
    return { judged: Effect.succeed(rollouts), sampled_tokens, sampling_ms };
  });
  const sample = (engine: Engine, step: number) =>
    stage.objective.dynamic_sampling ? sampleMore(engine, step) : sampleRound(engine, step, 0);
  const finish = Effect.fnUntraced(function* (
    { judged, ...sampled }: Effect.Success<ReturnType<typeof sample>>,
    age: number,
  ) {
    const started_ms = performance.now();
    const rollouts = yield* judged;
    return { rollouts, age, ...sampled, judging_ms: performance.now() - started_ms };
  });

  return {
    take: Effect.fnUntraced(function* (engine, step) {
      const made = next?.step === step ? next.made : yield* finish(yield* sample(engine, step), 0);
      next = undefined;
      const ahead = rollout.staleness > 0 && step < stage.steps
        ? yield* sample(engine, step + 1)
        : undefined;
      const settle = Effect.gen(function* () {
        if (ahead !== undefined) next = { step: step + 1, made: yield* finish(ahead, 1) };
      });
      return { ...made, settle };
    }),
    queue: () =>
      next && {
        step: next.step,
        made: {
          ...next.made,
          rollouts: next.made.rollouts.map(({ problem: _, prompt_ids: __, ...kept }) => ({
            ...kept,
            ids: [...kept.ids],
            logProbs: [...kept.logProbs],
          })),
        },
      },
    restore: ({ step, made }) => {
      const each = rollout.prompts_per_step;
      const rollouts = made.rollouts.map((kept) => {
        const problem = problemsOf(step, Math.floor(kept.group / each))[kept.group % each]!;
        return {
          ...kept,
          problem,
          prompt_ids: tokenizer.encode(problem.prompt),
          ids: Uint32Array.from(kept.ids),
          logProbs: Float32Array.from(kept.logProbs),
        };
      });
      next = { step, made: { ...made, rollouts } };
    },
  };
};
