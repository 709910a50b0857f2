import type { Effect } from "effect";
import type { Engine } from "../model/mod.ts";
import type { Ask, EngineError, Judge } from "../rollout/mod.ts";
import type { Sandbox } from "../sandbox/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import type { Chat } from "./chat.ts";
import type { RolloutRow, StepMetrics } from "./events.ts";
import type { Stage } from "./recipe/schema.ts";
import type { RolloutSource } from "./rollout_source.ts";
import type { Workload } from "./workload.ts";

/** What a method is: built from checked data, before anything is allocated on the GPU. */
export interface Learner {
  /** What it found, for the plan. */
  readonly counts: Readonly<Record<string, number>>;
  /** What a step costs, for the plan. */
  readonly workload: Workload;
  /** Longest sequence it will train on, in tokens. */
  readonly longest: number;
  /** Asked once, while the weights are those of before training. */
  readonly prepare: (engine: Engine) => Effect.Effect<void, EngineError>;
  /** One step of training, from 1; a function of the weights, the moments and `step`. */
  readonly step: (engine: Engine, step: number) => Effect.Effect<StepResult, EngineError, Sandbox>;
  /** What is ready for the next step; a checkpoint keeps it. */
  readonly queue?: Pick<RolloutSource, "queue" | "restore">;
}

export interface StepResult {
  readonly metrics: StepMetrics;
  /** Rows but for what only the run knows: the global step. */
  readonly rollouts?: readonly Omit<RolloutRow, "step" | "weight_version">[];
  /** Updates between the weights that sampled them and those of this step. */
  readonly age?: number;
}

/** What every learner is given. */
export interface Setting {
  readonly stage: Stage;
  /** Index of the stage: stages of one seed must not draw the same numbers. */
  readonly index: number;
  readonly tokenizer: Tokenizer | undefined;
  /** The model's chat template, if it has one. */
  readonly chat: Chat | undefined;
  /** Tokens that end a completion, and the text of the first. */
  readonly stop: { readonly ids: readonly number[]; readonly text: string };
  /** Longest sequence the engine takes. */
  readonly context: number;
  readonly judge: Judge;
  /** The judge's sandbox, without its memory. */
  readonly ask: Ask;
  readonly concurrency: number;
  readonly tell: (
    doing: "reference" | "sampling" | "judging" | "training",
    done: number,
    of: number,
  ) => void;
}
