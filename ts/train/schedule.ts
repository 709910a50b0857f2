/** How the learning rate moves over a run. */
export interface Schedule {
  readonly kind: "constant" | "linear" | "cosine";
  /** Steps of linear warm-up. */
  readonly warmup: number;
  /** Share of the rate that is left at the last step (linear, cosine). */
  readonly floor: number;
}

/** Factor on the learning rate at `step` (from 1) of `steps`. */
export const scheduleAt = (schedule: Schedule, step: number, steps: number): number => {
  const warm = Math.min(1, step / (schedule.warmup + 1));
  if (schedule.kind === "constant") return warm;
  const progress = Math.min(1, (step - 1) / Math.max(1, steps));
  const left = schedule.kind === "linear" ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2;
  return warm * (schedule.floor + (1 - schedule.floor) * left);
};
