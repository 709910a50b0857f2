import type { JudgedSample, Score } from "../evaluate/mod.ts";
import type { DeviceInfo, MemoryPlan } from "../model/mod.ts";
import type { Case } from "../rollout/mod.ts";
import type { Judgement } from "../sandbox/mod.ts";

/** Numbers of one step under TRL's names; every method gives these three. */
export interface StepMetrics {
  readonly loss: number;
  /** Global norm before clipping. */
  readonly grad_norm: number;
  readonly learning_rate: number;
  readonly [name: string]: number;
}

export interface Metrics extends StepMetrics {
  /** Counts from 1, over all stages. */
  readonly step: number;
}

/** One sampled completion and what became of it: a row of `rollouts.jsonl`. */
export interface RolloutRow {
  readonly step: number;
  readonly task: string;
  readonly source: string;
  readonly target: string;
  readonly prompt: string;
  readonly completion: string;
  /** `null`: the judge failed, not the program; the rollout is masked. */
  readonly reward: number | null;
  readonly judgement: Judgement;
  /** New tests of this step that it was run on, as it had passed the task's own. */
  readonly fresh_cases?: readonly Case[];
  /** Updates that the sampling weights had seen. */
  readonly weight_version: number;
  /** Number of the problem in its step; rollouts of one problem share it. */
  readonly group: number;
  /** Cut off at the limit of tokens. */
  readonly truncated: boolean;
  /** The completion's tokens, the stop token included, and their log-probs when they were sampled. */
  readonly ids: readonly number[];
  /** Nine digits, which give the 32-bit float again. */
  readonly logprobs: readonly number[];
  /** The program that a verification asks about. */
  readonly suspect?: string;
}

/** One pass over held-out tasks, with the weights after `step` updates' worth of steps. */
export interface Evaluation {
  readonly step: number;
  readonly when: "before" | "during" | "after";
  /** 0 is greedy. */
  readonly temperature: number;
  readonly samples: readonly JudgedSample[];
  readonly score: Score;
}

/**
 * What a training run tells as it goes; everything in a run folder is made of these. An event is handed
 * over only when its reader asks for the next, so what a reader stores before asking is on disk before
 * the checkpoint that counts on it.
 */
export type TrainEvent =
  /** What is about to happen: once a stage, all of them before anything is allocated. */
  | {
    readonly type: "plan";
    /** Counts from 1. */
    readonly stage: number;
    readonly stages: number;
    readonly method: string;
    /** Steps of this stage. */
    readonly steps: number;
    readonly memory: MemoryPlan;
    /** What the checkpoints and results of all stages take at most. */
    readonly disk_bytes: number;
    /** Language pairs, rows, groups and the like, by name. */
    readonly counts: Readonly<Record<string, number>>;
  }
  | { readonly type: "device"; readonly device: DeviceInfo }
  /** How long all stages will take, by a short measurement; not told of a resumed run. */
  | { readonly type: "estimate"; readonly seconds: number }
  /** The run goes on after this step: drop rows of later ones. */
  | { readonly type: "resumed"; readonly step: number }
  | { readonly type: "evaluation"; readonly evaluation: Evaluation }
  | { readonly type: "rollout"; readonly step: number; readonly rows: readonly RolloutRow[] }
  | { readonly type: "metrics"; readonly metrics: Metrics }
  | { readonly type: "checkpoint"; readonly step: number; readonly folder: string }
  /** Where a long step is; never stored, and only the latest is kept for a slow reader. */
  | {
    readonly type: "progress";
    readonly step: number;
    readonly steps: number;
    readonly doing:
      | "fetching"
      | "reference"
      | "sampling"
      | "judging"
      | "training"
      | "evaluating"
      | "saving";
    readonly done: number;
    readonly of: number;
  }
  | {
    readonly type: "done";
    readonly steps: number;
    /** At the recipe's evaluation temperature; `null` where nothing was evaluated. */
    readonly before: Score | null;
    readonly after: Score | null;
    readonly infrastructure_rate: number;
    /** Folder of the trained model or adapter. */
    readonly model?: string;
    readonly adapter?: string;
  };
