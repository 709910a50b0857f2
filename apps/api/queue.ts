import { Context, Effect, Latch, Layer, Schedule, Semaphore } from "effect";
import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, stat, statfs } from "node:fs/promises";
import process from "node:process";
import {
  type BadCursor,
  type FolderInUse,
  layout,
  lockHolder,
  type Run,
  type RunFolderError,
  type RunNotFound,
  RunStore,
  type Status,
  STATUSES,
} from "../../ts/runs/mod.ts";
import { UserError } from "../tools/mod.ts";

/**
 * Starts queued runs, oldest first and one at a time: a GPU is not shared. What is queued stands in the
 * run folders, so a new server goes on where the last one stopped; a run whose process outlived its
 * server is waited for like one's own.
 */
export class RunQueue extends Context.Service<RunQueue, {
  /** A run as it stands, also in the moment between its process's start and its first word. */
  readonly get: (id: string) => Effect.Effect<Run, RunNotFound>;
  /** The same of runs that were looked up already. */
  readonly see: (runs: readonly Run[]) => Effect.Effect<Run[]>;
  /** Puts a run that is in its folder into the queue. */
  readonly add: (id: string) => Effect.Effect<void, RunFolderError>;
  /** Ends a run that has not ended; fails with `wrong-state` for others. */
  readonly cancel: (id: string) => Effect.Effect<Run, RunNotFound | RunFolderError | UserError>;
  /** Stops a queued or running run until it is resumed; fails with `wrong-state` for others. */
  readonly pause: (id: string) => Effect.Effect<Run, RunNotFound | RunFolderError | UserError>;
  /** Puts a run that stopped before its end back into the queue; fails with `wrong-state` for others. */
  readonly resume: (id: string) => Effect.Effect<Run, RunNotFound | RunFolderError | UserError>;
  /** Deletes a run that does not run, once its process has ended; fails with `wrong-state` for others. */
  readonly remove: (
    id: string,
  ) => Effect.Effect<void, RunNotFound | FolderInUse | RunFolderError | UserError>;
}>()("calque/api/RunQueue") {
  /** `command` starts the command line: `[deno, "run", ..., "main.ts"]`. */
  static readonly layer = (
    command: readonly string[],
    prepare: Prepare = nothing,
  ): Layer.Layer<RunQueue, RunFolderError | BadCursor, RunStore> =>
    Layer.effect(RunQueue, openQueue(command, prepare));
}

/** What has to be done before a run's process starts; the answer is added to its environment. */
export type Prepare = (run: Run) => Promise<Readonly<Record<string, string>>>;

const nothing: Prepare = () => Promise.resolve({});

const PATIENCE_MS = 60_000;

const openQueue = Effect.fnUntraced(function* (command: readonly string[], prepare: Prepare) {
  const store = yield* RunStore;
  const wake = yield* Latch.make(false);
  const scope = yield* Effect.scope;
  /** Orders are read and written one at a time, so that none is lost between a look and a start. */
  const orders = yield* Semaphore.make(1);
  let mine: { readonly id: string; readonly child?: ChildProcess } | undefined;
  /** Runs that the full disk stopped, and the reason: a full disk does not take it down at once. */
  const held = new Map<string, string>();

  const isPlain = (run: Run): boolean =>
    run.status === "done" ||
    (mine?.id !== run.id && run.status !== "running" && !held.has(run.id));

  const seen = async (run: Run): Promise<Run> => {
    const reason = held.get(run.id);
    if (reason !== undefined) return { ...run, status: "paused", error: reason };
    if (isPlain(run)) return run;
    // What was asked for holds from then on; the process needs a moment to write its checkpoint.
    const order = await orderOf(run.folder);
    const status = order === "paused" || order === "cancelled" ? order : "running";
    return { ...run, status };
  };

  const see: RunQueue["Service"]["see"] = (runs) =>
    runs.every(isPlain)
      ? Effect.succeed([...runs])
      : Effect.promise(() => Promise.all(runs.map(seen)));

  const get: RunQueue["Service"]["get"] = (id) =>
    Effect.flatMap(
      store.get(id),
      (run) => isPlain(run) ? Effect.succeed(run) : Effect.promise(() => seen(run)),
    );

  /** Writes the pause down as soon as there is room, unless it was taken back before. */
  const holdOnDisk = (id: string, reason: string) =>
    Effect.suspend(() =>
      held.get(id) === reason ? store.order(id, { wanted: "paused", reason }) : Effect.void
    ).pipe(
      orders.withPermit,
      Effect.retry(Schedule.spaced("1 second")),
      Effect.andThen(Effect.sync(() => held.get(id) === reason && held.delete(id))),
      Effect.ignore,
    );

  const begin = Effect.fnUntraced(function* (run: Run) {
    const child = yield* orders.withPermit(Effect.gen(function* () {
      // Cancelled or paused since it was looked up.
      if ((yield* Effect.promise(() => orderOf(run.folder))) !== "run") return undefined;
      // From here on it runs, though its process has yet to say so.
      mine = { id: run.id };
      yield* store.order(run.id, { wanted: "started" });
      const started = yield* Effect.promise(async () =>
        startProcess(command, run, await prepare(run))
      );
      mine = { id: run.id, child: started };
      return started;
    })).pipe(
      Effect.onError(() => Effect.sync(() => mine = undefined)),
      Effect.uninterruptible,
    );
    if (child === undefined) return;
    const ended = yield* endOf(child).pipe(
      Effect.onInterrupt(() =>
        // The server goes: the run writes its checkpoint and is taken up by the next server.
        Effect.gen(function* () {
          yield* stop(child);
          const now = yield* Effect.promise(() => orderOf(run.folder));
          if (now !== "cancelled" && now !== "paused") {
            yield* store.order(run.id, { wanted: "run" });
          }
        }).pipe(Effect.ignore)
      ),
    );
    const full = ended === 0 || ended === 130
      ? undefined
      : yield* Effect.promise(() => fullDisk(run.folder));
    if (full !== undefined) {
      held.set(run.id, full);
      yield* Effect.forkIn(holdOnDisk(run.id, full), scope);
    } else if (ended !== 0 && ended !== 130 && ended !== "signal") {
      const failed = yield* Effect.promise(() => lastError(run.folder, ended));
      const order = yield* Effect.promise(() => orderOf(run.folder));
      if (order === "started") yield* store.order(run.id, { wanted: "started", failed });
    }
    mine = undefined;
  });

  /** Newest first. */
  const allOf = (status: Status) =>
    Effect.gen(function* () {
      const runs: Run[] = [];
      let cursor: string | undefined;
      do {
        const page = yield* store.list({ status, limit: 100, cursor });
        runs.push(...page.data);
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
      return runs;
    });
  const oldest = (status: Status) => Effect.map(allOf(status), (runs) => runs.at(-1));

  const work = Effect.gen(function* () {
    for (;;) {
      yield* wake.close;
      const running = yield* oldest("running");
      if (running !== undefined) {
        // Started by an earlier server, or by hand: its end is polled, it is nobody's child here.
        yield* Effect.sleep(500);
        continue;
      }
      const next = yield* oldest("queued");
      if (next === undefined) yield* wake.await;
      else {
        // A full disk, say, must not end the queue.
        yield* begin(next).pipe(
          Effect.catch((error) => Effect.andThen(Effect.logError(error), Effect.sleep(1000))),
        );
      }
    }
  });
  const add: RunQueue["Service"]["add"] = (id) =>
    Effect.andThen(store.order(id, { wanted: "run" }), wake.open);

  const refuse = (run: Run, what: string, states: readonly Run["status"][]) =>
    states.includes(run.status) ? Effect.void : new UserError({
      code: "wrong-state",
      message: `run "${run.id}" is ${run.status}; only a ${states.join(", ")} run can be ${what}`,
    });

  /** The order first, so that it holds whatever happens to the process. */
  const end = Effect.fnUntraced(function* (run: Run, wanted: "paused" | "cancelled") {
    yield* store.order(run.id, { wanted });
    held.delete(run.id);
    const pid = mine?.id === run.id && mine.child !== undefined
      ? mine.child.pid
      : (yield* Effect.promise(() => lockHolder(layout(run.folder).process)))?.pid;
    if (pid !== undefined) signal(pid, "SIGINT");
    return yield* get(run.id);
  });

  const cancel: RunQueue["Service"]["cancel"] = Effect.fn("RunQueue.cancel")(function* (id) {
    const run = yield* get(id);
    yield* refuse(run, "cancelled", ["queued", "running", "paused", "interrupted"]);
    return yield* end(run, "cancelled");
  }, orders.withPermit);

  const pause: RunQueue["Service"]["pause"] = Effect.fn("RunQueue.pause")(function* (id) {
    const run = yield* get(id);
    yield* refuse(run, "paused", ["queued", "running"]);
    return yield* end(run, "paused");
  }, orders.withPermit);

  const resume: RunQueue["Service"]["resume"] = Effect.fn("RunQueue.resume")(function* (id) {
    const run = yield* get(id);
    yield* refuse(run, "resumed", ["paused", "interrupted", "failed"]);
    yield* add(id);
    held.delete(run.id);
    return yield* get(id);
  }, orders.withPermit);

  const remove: RunQueue["Service"]["remove"] = Effect.fn("RunQueue.remove")(function* (id) {
    const run = yield* get(id);
    yield* refuse(run, "deleted", STATUSES.filter((status) => status !== "running"));
    // What was cancelled or paused just now may still write its checkpoint.
    yield* Effect.promise(async () =>
      mine?.id === id || await lockHolder(layout(run.folder).process) !== undefined
    ).pipe(
      Effect.repeat({ schedule: Schedule.spaced("50 millis"), while: (busy) => busy }),
      Effect.timeoutOption(PATIENCE_MS),
    );
    held.delete(id);
    yield* store.remove(id);
  });

  // The server before this one died with these runs under way, and they with it.
  for (const run of yield* allOf("interrupted")) {
    const order = yield* Effect.promise(() => orderOf(run.folder));
    if (order === "started") yield* store.order(run.id, { wanted: "run" });
  }
  yield* Effect.forkScoped(Effect.tapError(work, Effect.logError));

  return RunQueue.of({ get, see, add, cancel, pause, resume, remove });
});

const startProcess = async (
  command: readonly string[],
  run: Run,
  environment: Readonly<Record<string, string>>,
): Promise<ChildProcess> => {
  const [program, ...args] = command;
  const log = await open(layout(run.folder).log, "a");
  try {
    const begun = await stat(layout(run.folder).events).then(() => true, () => false);
    const asked = begun
      ? ["train", "--resume", run.folder]
      : ["train", layout(run.folder).requested, "--out", run.folder];
    // Its own process group: Ctrl-C on the server is the server's to pass on.
    return spawn(program!, [...args, ...asked], {
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
      env: { ...environmentOfRuns(), ...environment },
    });
  } finally {
    await log.close();
  }
};

/**
 * A run turns to hosts that its recipe names, with the token that it has: that must not be the server's
 * own, but the one that `CALQUE_JUDGE_TOKEN` gives for them.
 */
const environmentOfRuns = (): NodeJS.ProcessEnv => {
  const { CALQUE_TOKEN: _, CALQUE_JUDGE_TOKEN, ...rest } = process.env;
  return CALQUE_JUDGE_TOKEN === undefined ? rest : { ...rest, CALQUE_TOKEN: CALQUE_JUDGE_TOKEN };
};

type End = number | "signal";

const endOf = (child: ChildProcess): Effect.Effect<End> =>
  Effect.callback<End>((resume) => {
    if (child.exitCode !== null) return resume(Effect.succeed(child.exitCode));
    if (child.signalCode !== null) return resume(Effect.succeed("signal"));
    child.once("error", () => resume(Effect.succeed(4)));
    child.once("exit", (code) => resume(Effect.succeed(code ?? "signal")));
  });

const stop = (child: ChildProcess): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (child.pid !== undefined) signal(child.pid, "SIGINT");
    yield* endOf(child).pipe(
      Effect.timeoutOrElse({
        duration: PATIENCE_MS,
        orElse: () => Effect.sync(() => child.pid !== undefined && signal(child.pid, "SIGKILL")),
      }),
    );
  });

const signal = (pid: number, name: "SIGINT" | "SIGKILL"): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in between.
  }
};

const orderOf = async (folder: string): Promise<string | undefined> => {
  try {
    return JSON.parse(await readFile(layout(folder).order, "utf8")).wanted;
  } catch {
    return undefined;
  }
};

/** Less than a log's next lines take. */
const FULL_BYTES = 1 << 18;

/** The reason of a pause, if the run's disk has no room. */
const fullDisk = async (folder: string): Promise<string | undefined> => {
  const { bavail, bsize } = await statfs(folder);
  const log = await readFile(layout(folder).log, "utf8").catch(() => "");
  if (bavail * bsize > FULL_BYTES && !/no space left/i.test(log.slice(-2000))) return undefined;
  return "no space left on the disk of the data folder; make room, then resume the run";
};

/** What the process said last about why it ended. */
const lastError = async (folder: string, ended: End): Promise<string> => {
  const log = await readFile(layout(folder).log, "utf8").catch(() => "");
  const lines = log.trimEnd().split("\n");
  const error = lines.findLast((line) => line.startsWith("error:")) ?? lines.at(-1) ?? "";
  return error === ""
    ? `its process ended with exit code ${ended}`
    : error.replace(/^error:\s*/, "");
};
