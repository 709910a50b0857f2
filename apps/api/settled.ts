import { Effect } from "effect";
import type { UserError } from "../tools/mod.ts";

/** A promise that fails with the error itself; the signal interrupts. */
export const settled = async <A>(
  effect: Effect.Effect<A, UserError>,
  signal?: AbortSignal,
): Promise<A> => {
  const result = await Effect.runPromise(Effect.result(effect), signal && { signal });
  if (result._tag === "Failure") throw result.failure;
  return result.success;
};
