import { Effect, Layer, ManagedRuntime, Scope } from "effect";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { databaseLayer, FolderInUse, RunStore, STATUSES, takeLock } from "../../ts/runs/mod.ts";
import { asUserError } from "../tools/mod.ts";
import { app } from "./app.ts";
import { reachOf } from "./confine.ts";
import { EventHub } from "./event_hub.ts";
import { holderOf, newToken } from "./holder.ts";
import { Limiter, type Limits } from "./limits.ts";
import { ModelShelf } from "./models.ts";
import { FileShelf } from "./openai/files.ts";
import { pointAtGrader } from "./openai/grading.ts";
import { Jobs } from "./openai/jobs.ts";
import { RunQueue } from "./queue.ts";
import { runServices } from "./services.ts";
import { Tokens } from "./tokens.ts";
import { telemetry } from "./tracing.ts";

export interface ServerOptions {
  /** The folder of the run folders. One server has it at a time. */
  readonly data: string;
  readonly token: string;
  /** Where this server is reached, once it listens. */
  readonly address: Promise<string>;
  /** More folders whose files recipes may name, and hosts that runs may turn to. */
  readonly read: readonly string[];
  readonly hosts: readonly string[];
  /** Origins whose pages may ask (CORS). */
  readonly origins: readonly string[];
  readonly limits: Limits;
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
  const check = yield* Effect.cached(
    Effect.promise(() => import("../tools/check_pool.ts")).pipe(
      Effect.flatMap(({ openCheckPool }) => openCheckPool()),
      Scope.provide(scope),
    ),
  );
  // Runs get a token of their own, good for nothing but being graded.
  const judgeToken = newToken();
  const prepare = pointAtGrader(options.address, judgeToken);
  const queue = RunQueue.layer(options.command, prepare);
  const layer = queue.pipe(
    Layer.provideMerge(RunStore.layerOnDatabase(data)),
    Layer.provideMerge(databaseLayer(data)),
    Layer.provideMerge(telemetry),
  );
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
  const tokens = new Tokens(services.run, [
    holderOf("server", options.token, "admin"),
    holderOf("runs", judgeToken, "judge"),
  ]);
  yield* Effect.promise(() => tokens.load());
  const hub = new EventHub();
  const routes = app({
    services,
    tokens,
    limiter: new Limiter(options.limits),
    origins: options.origins,
    hub,
    trace: (effect) => runtime.runPromise(effect),
    gauges: { listeners: () => hub.listeners, runs: () => countRuns(services) },
    check,
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

const countRuns = async (
  services: ReturnType<typeof runServices>,
): Promise<Readonly<Record<string, number>>> => {
  const runs = await services.all();
  return Object.fromEntries(
    STATUSES.map((status) => [status, runs.filter((run) => run.status === status).length]),
  );
};
