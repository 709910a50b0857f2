import { Effect } from "effect";
import {
  type EngineOptions,
  type MemoryPlan,
  openAdapterFolder,
  planMemory,
  readModelConfig,
} from "../model/mod.ts";
import { type Ask, type Judge, onEngine, type Problem } from "../rollout/mod.ts";
import { heldOutProblems } from "./evaluation.ts";
import type { TrainEvent } from "./events.ts";
import { checkJudge } from "./gate.ts";
import type { Learner, Setting } from "./learner.ts";
import { preferenceLearner } from "./preference_learner.ts";
import type { Stage } from "./recipe/schema.ts";
import { rlLearner } from "./rl_learner.ts";
import { checkLanguages, engineOptions, settingOf } from "./setting.ts";
import { sftLearner } from "./sft_learner.ts";

/** Where a stage stands in its run. */
export interface StagePlace {
  readonly stage: Stage;
  readonly index: number;
  readonly stages: number;
  /** Folder of the run's first model; later stages keep its configuration and tokenizer. */
  readonly model: string;
  /** Steps of the stages before, and of all. */
  readonly before: number;
  readonly steps: number;
  readonly judge: Judge;
  readonly ask: Ask;
  readonly concurrency: number;
  readonly tell: (event: TrainEvent) => void;
}

/** A stage whose recipe, data, languages and memory have been looked at; nothing is allocated yet. */
export interface PreparedStage extends StagePlace {
  readonly setting: Setting;
  readonly learner: Learner;
  /** What its evaluations ask; empty where it has none. */
  readonly problems: readonly Problem[];
  readonly memory: MemoryPlan;
  /** All but the folder of the model, which may not be there yet. */
  readonly engine: Omit<EngineOptions, "model">;
}

/** Refuses what cannot run, before anything else has. */
export const prepareStage = Effect.fn("prepareStage")(function* (place: StagePlace) {
  const { stage } = place;
  yield* checkLanguages(stage);
  yield* checkJudge(stage, place.judge);
  const setting = yield* settingOf(place);
  const learner = yield* learnerOf(setting);
  const problems = stage.evaluate === undefined ? [] : yield* heldOutProblems(setting);
  const engine = engineOptions(stage, setting, learner);
  const memory = yield* memoryOf(place.model, engine);
  return { ...place, setting, learner, problems, memory, engine } satisfies PreparedStage;
});

const memoryOf = (model: string, engine: Omit<EngineOptions, "model">) =>
  onEngine(async () => {
    const config = await readModelConfig(model);
    const adapter = engine.adapter === undefined
      ? undefined
      : (await openAdapterFolder(engine.adapter, config)).config;
    return planMemory(config, { ...engine, model }, adapter);
  });

/**
 * The memory of a stage by its recipe and the model's configuration alone, with neither data nor tokenizer:
 * as much as rows that fill the context would take.
 */
export const planStage = Effect.fn("planStage")(function* (stage: Stage, model: string) {
  const config = yield* onEngine(() => readModelConfig(model));
  const context = Math.min(stage.engine.context, config.max_position_embeddings);
  return yield* memoryOf(model, engineOptions(stage, { context }, { longest: context }));
});

const learnerOf = (setting: Setting) => {
  switch (setting.stage.method) {
    case "sft":
      return sftLearner(setting);
    case "dpo":
    case "gepo":
      return preferenceLearner(setting);
    case "rl":
    case "oorl":
      return rlLearner(setting);
  }
};
