import { Effect, type ManagedRuntime } from "effect";
import type { SqlClient } from "effect/sql/SqlClient";
import { join } from "node:path";
import { isRunId, type Run, RunStore } from "../../ts/runs/mod.ts";
import { UserError } from "../tools/mod.ts";
import { RunQueue } from "./queue.ts";
import { withinRequest } from "./tracing.ts";

export type Services = RunStore | RunQueue | SqlClient;

/** What routes ask of the rooms below, as promises. */
export interface RunServices {
  readonly run: <A, E>(effect: Effect.Effect<A, E, Services>) => Promise<A>;
  /** A run of this server's data folder by its id; ids are looked up, never taken as paths. */
  readonly find: (id: string) => Promise<Run>;
  /** Newest first. */
  readonly all: () => Promise<Run[]>;
}

export const runServices = (
  runtime: ManagedRuntime.ManagedRuntime<Services, unknown>,
): RunServices => {
  const run: RunServices["run"] = async (effect) => {
    const result = await runtime.runPromise(Effect.result(withinRequest(effect)));
    if (result._tag === "Failure") throw result.failure;
    return result.success;
  };
  return {
    run,
    find: (id) =>
      run(Effect.gen(function* () {
        const { folder } = yield* RunStore;
        const found = isRunId(id)
          ? yield* RunQueue.use((queue) => queue.get(id)).pipe(
            Effect.catchTag("RunNotFound", () => Effect.succeed(undefined)),
          )
          : undefined;
        // The store also finds runs by the path of their folder, wherever that is: not over the wire.
        if (found?.folder === join(folder, id)) return found;
        const message = `no run "${id.slice(0, 100)}"; GET /api/runs lists those here`;
        return yield* new UserError({ code: "not-found", message });
      })),
    all: () =>
      run(Effect.gen(function* () {
        const store = yield* RunStore;
        const queue = yield* RunQueue;
        const found: Run[] = [];
        let cursor: string | undefined;
        do {
          const page = yield* store.list({ limit: 100, cursor });
          found.push(...yield* queue.see(page.data));
          cursor = page.next_cursor ?? undefined;
        } while (cursor !== undefined);
        return found;
      })),
  };
};
