import { Effect, Stream } from "effect";
import { DeviceError } from "../model/mod.ts";
import type { TrainEvent } from "./events.ts";

/** Losses in a row without a checkpoint between them after which a run gives up. */
const PATIENCE = 3;

/**
 * A run whose device is lost (a driver that was reset, a GPU that fell asleep) opens a new one and goes on
 * from its last checkpoint: the events of the resumed run follow those of the broken one.
 */
export const persist = <E, R>(
  attempt: (resume: boolean) => Stream.Stream<TrainEvent, E, R>,
  resume: boolean,
  lost = 0,
): Stream.Stream<TrainEvent, E, R> =>
  Stream.suspend(() => {
    let checkpoints = 0;
    return attempt(resume).pipe(
      Stream.tap(({ type }) =>
        Effect.sync(() => {
          if (type === "checkpoint") checkpoints++;
        })
      ),
      Stream.catch((error: E) => {
        const times = (checkpoints > 0 ? 0 : lost) + 1;
        const gone = error instanceof DeviceError && error.code === "lost";
        return gone && times < PATIENCE ? persist(attempt, true, times) : Stream.fail(error);
      }),
    );
  });
