import { Context, Effect, Latch, Layer } from "effect";
import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, stat } from "node:fs/promises";
import process from "node:process";
import {
  layout,
  lockHolder,
  type Run,
  type RunFolderError,
  type RunNotFound,
  RunStore,
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
  /** Puts a run that is in its folder into the queue. */
  readonly add: (id: string) => Effect.Effect<void, RunFolderError>;
  /** Ends a queued or running run; fails with `wrong-state` for others. */
  readonly cancel: (id: string) => Effect.Effect<Run, RunNotFound | RunFolderError | UserError>;
}>()("calque/api/RunQueue") {
  /** `command` starts the command line: `[deno, "run", ..., "main.ts"]`. */
  static readonly layer = (command: readonly string[]): Layer.Layer<RunQueue, never, RunStore> =>
    Layer.effect(RunQueue, openQueue(command));
}

/** Where the recipe of a run that was asked for over HTTP lies until its process has read it. */
export const requestedRecipe = (folder: string): string => `${folder}/requested.json`;

const PATIENCE_MS = 60_000;

const openQueue = Effect.fnUntraced(function* (command: readonly string[]) {
  const store = yield* RunStore;
  const wake = yield* Latch.make(false);
  let mine: { readonly id: string; readonly child: ChildProcess } | undefined;

  const get: RunQueue["Service"]["get"] = (id) =>
    Effect.map(
      store.get(id),
      (run): Run =>
        mine?.id === run.id && run.status !== "done" ? { ...run, status: "running" } : run,
    );

  const begin = Effect.fnUntraced(function* (run: Run) {
    yield* store.order(run.id, { wanted: "started" });
    const child = yield* Effect.promise(() => startProcess(command, run));
    mine = { id: run.id, child };
    const ended = yield* endOf(child).pipe(
      Effect.onInterrupt(() =>
        // The server goes: the run writes its checkpoint and is taken up by the next server.
        Effect.gen(function* () {
          yield* stop(child);
          const now = yield* Effect.promise(() => orderOf(run.folder));
          if (now !== "cancelled") yield* store.order(run.id, { wanted: "run" });
        }).pipe(Effect.ignore)
      ),
    );
    if (ended !== 0 && ended !== 130 && ended !== "signal") {
      const failed = yield* Effect.promise(() => lastError(run.folder, ended));
      yield* store.order(run.id, { wanted: "started", failed });
    }
    mine = undefined;
  });

  const oldest = (status: "queued" | "running") =>
    Effect.gen(function* () {
      let last: Run | undefined;
      let cursor: string | undefined;
      do {
        const page = yield* store.list({ status, limit: 100, cursor });
        last = page.data.at(-1) ?? last;
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
      return last;
    });

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
      else yield* begin(next);
    }
  });
  yield* Effect.forkScoped(Effect.tapError(work, Effect.logError));

  const add: RunQueue["Service"]["add"] = (id) =>
    Effect.andThen(store.order(id, { wanted: "run" }), wake.open);

  const cancel: RunQueue["Service"]["cancel"] = Effect.fn("RunQueue.cancel")(function* (id) {
    const run = yield* get(id);
    if (run.status !== "queued" && run.status !== "running") {
      const message = `run "${id}" is ${run.status}; only a queued or running run can be cancelled`;
      return yield* new UserError({ code: "wrong-state", message });
    }
    yield* store.order(id, { wanted: "cancelled" });
    const pid = mine?.id === id
      ? mine.child.pid
      : (yield* Effect.promise(() => lockHolder(layout(run.folder).process)))?.pid;
    if (pid !== undefined) signal(pid, "SIGINT");
    return yield* get(id);
  });

  return RunQueue.of({ get, add, cancel });
});

const startProcess = async (command: readonly string[], run: Run): Promise<ChildProcess> => {
  const [program, ...args] = command;
  const log = await open(layout(run.folder).log, "a");
  try {
    const begun = await stat(layout(run.folder).events).then(() => true, () => false);
    const asked = begun
      ? ["train", "--resume", run.folder]
      : ["train", requestedRecipe(run.folder), "--out", run.folder];
    // Its own process group: Ctrl-C on the server is the server's to pass on.
    return spawn(program!, [...args, ...asked], {
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
    });
  } finally {
    await log.close();
  }
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

/** What the process said last about why it ended. */
const lastError = async (folder: string, ended: End): Promise<string> => {
  const log = await readFile(layout(folder).log, "utf8").catch(() => "");
  const lines = log.trimEnd().split("\n");
  const error = lines.findLast((line) => line.startsWith("error:")) ?? lines.at(-1) ?? "";
  return error === ""
    ? `its process ended with exit code ${ended}`
    : error.replace(/^error:\s*/, "");
};
