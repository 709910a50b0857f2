import { Effect, Layer, ManagedRuntime, Scope } from "effect";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FolderInUse, RunStore, takeLock } from "../../ts/runs/mod.ts";
import { asUserError } from "../tools/mod.ts";
import { app } from "./app.ts";
import { RunQueue } from "./queue.ts";

export interface ServerOptions {
  /** The folder of the run folders. One server has it at a time. */
  readonly data: string;
  readonly token: string;
  /** Starts the command line: program and first arguments. */
  readonly command: readonly string[];
  /** The tokenizer of `/api/tokenize` where the request names none. */
  readonly tokenizer: string;
}

/** Everything behind the socket: takes the data folder and answers requests until the scope closes. */
export const openServer = Effect.fnUntraced(function* (options: ServerOptions) {
  const data = resolve(options.data);
  const lock = yield* Effect.tryPromise({
    try: async () => {
      await mkdir(data, { recursive: true });
      return await takeLock(join(data, "server.json"));
    },
    catch: asUserError,
  });
  if ("heldBy" in lock) {
    return yield* new FolderInUse({ folder: data, pid: lock.heldBy.pid, what: "another server" });
  }
  yield* Effect.addFinalizer(() => Effect.promise(() => lock.release()));
  // Programs are judged by few: the sandbox is opened at the first request that wants it.
  const scope = yield* Effect.scope;
  const judge = yield* Effect.cached(
    Effect.promise(() => import("../tools/judge.ts")).pipe(
      Effect.flatMap(({ openJudge }) => openJudge(0)),
      Scope.provide(scope),
    ),
  );
  const services = RunQueue.layer(options.command).pipe(Layer.provideMerge(RunStore.layer(data)));
  const runtime = yield* Effect.acquireRelease(
    Effect.sync(() => ManagedRuntime.make(services)),
    (made) => made.disposeEffect,
  );
  // Built now, not at the first request: the queue goes on with what the last server left.
  yield* Effect.tryPromise({ try: () => runtime.runPromise(Effect.void), catch: asUserError });
  const routes = app({ runtime, token: options.token, judge, tokenizer: options.tokenizer });
  return (request: Request): Response | Promise<Response> => routes.fetch(request);
});
