import { Effect, Layer, ManagedRuntime, Scope } from "effect";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FolderInUse, RunStore, takeLock } from "../../ts/runs/mod.ts";
import { asUserError } from "../tools/mod.ts";
import { app } from "./app.ts";
import { newToken } from "./auth.ts";
import { reachOf } from "./confine.ts";
import { ModelShelf } from "./models.ts";
import { FileShelf } from "./openai/files.ts";
import { pointAtGrader } from "./openai/grading.ts";
import { Jobs } from "./openai/jobs.ts";
import { RunQueue } from "./queue.ts";
import { runServices } from "./services.ts";

export interface ServerOptions {
  /** The folder of the run folders. One server has it at a time. */
  readonly data: string;
  readonly token: string;
  /** Where this server is reached, once it listens. */
  readonly address: Promise<string>;
  /** More folders whose files recipes may name, and hosts that runs may turn to. */
  readonly read: readonly string[];
  readonly hosts: readonly string[];
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
  // Runs get a token of their own, good for nothing but being graded.
  const judgeToken = newToken();
  const prepare = pointAtGrader(options.address, judgeToken);
  const queue = RunQueue.layer(options.command, prepare);
  const layer = queue.pipe(Layer.provideMerge(RunStore.layer(data)));
  const runtime = yield* Effect.acquireRelease(
    Effect.sync(() => ManagedRuntime.make(layer)),
    (made) => made.disposeEffect,
  );
  // Built now, not at the first request: the queue goes on with what the last server left.
  yield* Effect.tryPromise({ try: () => runtime.runPromise(Effect.void), catch: asUserError });
  const services = runServices(runtime);
  const files = new FileShelf(data);
  yield* Effect.promise(() => files.sweep());
  const models = yield* Effect.acquireRelease(
    Effect.sync(() => new ModelShelf(data, services)),
    (shelf) => Effect.promise(() => shelf.close()),
  );
  const routes = app({
    services,
    tokens: new Map([["all", options.token], ["judge", judgeToken]]),
    judge,
    tokenizer: options.tokenizer,
    files,
    models,
    jobs: new Jobs(services, files, models),
    reach: reachOf(options),
    command: options.command,
  });
  return (request: Request): Response | Promise<Response> => routes.fetch(request);
});
