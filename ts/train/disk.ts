import { Effect } from "effect";
import { statfs } from "node:fs/promises";
import type { MemoryPlan } from "../model/mod.ts";
import { TrainRefused } from "./errors.ts";
import type { Stage } from "./recipe/schema.ts";

interface PlannedStage {
  readonly stage: Stage;
  readonly memory: MemoryPlan;
}

/** Bytes that a run's checkpoints and results take at most; its logs are small beside them. */
export const diskOf = (stages: readonly PlannedStage[]): number =>
  Math.max(...stages.map(checkpointsOf)) + stages.map(resultOf).reduce((a, b) => a + b, 0);

/** A checkpoint holds what is trained and AdamW's two moments of it. */
const checkpointsOf = ({ stage, memory }: PlannedStage): number => {
  const best = stage.evaluate?.select_on === undefined ? 0 : 1;
  // One more is being written while the others are there.
  return (stage.checkpoint.keep + best + 1) * 3 * trainedBytes(memory);
};

const resultOf = ({ stage, memory }: PlannedStage): number =>
  stage.lora === undefined ? memory.parts["weights"]! : trainedBytes(memory);

const trainedBytes = ({ parts }: MemoryPlan): number => parts["moments"]! / 2;

/** Refuses to begin what the disk cannot hold. */
export const checkDisk = Effect.fnUntraced(function* (folder: string, needed: number) {
  const { bavail, bsize } = yield* Effect.promise(() => statfs(folder));
  const free = bavail * bsize;
  if (free < needed) {
    return yield* new TrainRefused({
      code: "disk-full",
      message: `${folder}: checkpoints and the result take ${mebibytes(needed)}, and ` +
        `${mebibytes(free)} are free; make room, lower checkpoint.keep, or choose another --out`,
    });
  }
});

/** Writes, and tells a full disk from a fault; what was on the disk before is still whole. */
export const storing = <A>(
  folder: string,
  write: () => Promise<A>,
): Effect.Effect<A, TrainRefused> =>
  Effect.tryPromise({ try: write, catch: (error) => error as NodeJS.ErrnoException }).pipe(
    Effect.catch((error) =>
      error.code === "ENOSPC" || error.code === "EDQUOT"
        ? Effect.fail(
          new TrainRefused({
            code: "disk-full",
            message:
              `${folder}: no space left; the last checkpoint is whole, so make room and go ` +
              `on with: calque train --resume ${folder}`,
          }),
        )
        : Effect.die(error)
    ),
  );

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
