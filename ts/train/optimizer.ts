import type { Engine } from "../model/mod.ts";
import type { Stage } from "./recipe/schema.ts";
import { type Schedule, scheduleAt } from "./schedule.ts";

/** AdamW with decoupled weight decay and clipping by global norm. */
export interface Optimizer extends Schedule {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  /** 0: no clipping. */
  readonly clip_norm: number;
}

/** One update at `step` (from 1) of `steps`, on the gradient that the engine has gathered. */
export const updateAt = async (
  engine: Engine,
  optimizer: Optimizer,
  step: number,
  steps: number,
): Promise<{ grad_norm: number; learning_rate: number; skipped: boolean }> => {
  const { betas, eps, weight_decay, clip_norm } = optimizer;
  const lr = optimizer.lr * scheduleAt(optimizer, step, steps);
  const done = await engine.update({ lr, betas, eps, weight_decay, clip_norm });
  return { ...done, learning_rate: lr };
};

/** The optimizer that a recipe describes. */
export const optimizerOf = ({ schedule, betas, ...rest }: Stage["optimizer"]): Optimizer => ({
  ...rest,
  kind: schedule,
  betas: [betas[0], betas[1]],
});
