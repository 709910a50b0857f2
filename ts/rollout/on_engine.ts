import { Effect } from "effect";
import { DeviceError, ModelError } from "../model/mod.ts";

/** What the engine may answer with; anything else is a defect. */
export type EngineError = ModelError | DeviceError;

/**
 * A call of the engine as an Effect. Interrupted, its answer is dropped; the signal is for `generate`, which
 * then ends.
 */
export const onEngine = <A>(
  call: (signal: AbortSignal) => Promise<A>,
): Effect.Effect<A, EngineError> =>
  Effect.tryPromise({
    try: call,
    catch: (error) => {
      if (error instanceof ModelError || error instanceof DeviceError) return error;
      throw error;
    },
  });
