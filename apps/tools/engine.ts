import { Effect, type Scope } from "effect";
import {
  type Engine,
  type EngineOptions,
  openEngine,
  readModelConfig,
} from "../../ts/model/mod.ts";
import { asUserError, UserError } from "./errors.ts";

/** A model for reading and sampling, closed with its scope. */
export const scopedEngine = (
  options: EngineOptions,
): Effect.Effect<Engine, UserError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: () => openEngine(options), catch: asUserError }),
    (engine) => Effect.promise(() => engine.close()),
  );

/** Sequences decoded at once: requests share them, so more is faster, and each costs a context of cache. */
export const SLOTS = 16;

/** The longest sequence to plan for: what was asked, else the model's own limit up to 2,048 tokens. */
export const contextOf = (
  model: string,
  asked: number | undefined,
): Effect.Effect<number, UserError> =>
  Effect.tryPromise({ try: () => readModelConfig(model), catch: asUserError }).pipe(
    Effect.flatMap((config) => {
      const most = config.max_position_embeddings;
      if (asked !== undefined && (asked < 1 || asked > most)) {
        const message = `--context ${asked}: expected 1 to ${most}, the model's longest sequence`;
        return new UserError({ code: "bad-usage", message });
      }
      return Effect.succeed(asked ?? Math.min(most, 2048));
    }),
  );
