import { Context, Effect, Layer } from "effect";
import type { SqlClient } from "effect/sql/SqlClient";
import { Buffer } from "node:buffer";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeAside } from "./append_log.ts";
import { openCatalogue } from "./catalogue.ts";
import { databaseLayer } from "./database.ts";
import { BadCursor, FolderInUse, RunFolderError, RunNotFound } from "./errors.ts";
import { isRunId, layout, newRunId } from "./layout.ts";
import { lockHolder } from "./lock.ts";
import { type Order, type Run, RunReader, type Status } from "./run.ts";

export interface RunPage {
  readonly data: readonly Run[];
  readonly next_cursor: string | null;
}

/** The runs of one data folder. */
export class RunStore extends Context.Service<RunStore, {
  readonly folder: string;
  /** Newest first. `limit` is 1 to 100; `cursor` is a `next_cursor`. */
  readonly list: (query: {
    readonly limit?: number | undefined;
    readonly cursor?: string | undefined;
    readonly status?: Status | undefined;
  }) => Effect.Effect<RunPage, RunFolderError | BadCursor>;
  /** A run by its id, or by the path of its folder wherever that is. */
  readonly get: (idOrFolder: string) => Effect.Effect<Run, RunNotFound>;
  /** A new folder with its name and birth, without a recipe; the writer or the server fills it. */
  readonly create: (name: string) => Effect.Effect<string, RunFolderError>;
  readonly order: (id: string, order: Order) => Effect.Effect<void, RunFolderError>;
  /** The folder and everything in it. A run that goes on is refused. */
  readonly remove: (
    id: string,
  ) => Effect.Effect<void, RunNotFound | FolderInUse | RunFolderError>;
}>()("calque/runs/RunStore") {
  static readonly layer = (folder: string): Layer.Layer<RunStore, RunFolderError> =>
    Layer.provide(RunStore.layerOnDatabase(folder), databaseLayer(resolve(folder)));

  /** For a process that keeps more in the folder's database. */
  static readonly layerOnDatabase = (
    folder: string,
  ): Layer.Layer<RunStore, RunFolderError, SqlClient> =>
    Layer.effect(RunStore, openStore(resolve(folder)));
}

const openStore = Effect.fnUntraced(function* (folder: string) {
  const attempt = <A>(work: () => Promise<A>): Effect.Effect<A, RunFolderError> =>
    Effect.tryPromise({
      try: work,
      catch: (error) => new RunFolderError({ folder, problem: (error as Error).message }),
    });
  yield* attempt(() => mkdir(folder, { recursive: true }));
  const reader = new RunReader();
  const catalogue = yield* openCatalogue(folder, reader);
  const list: RunStore["Service"]["list"] = Effect.fn("RunStore.list")(function* (query) {
    const limit = Math.max(1, Math.min(100, query.limit ?? 20));
    const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    if (query.cursor !== undefined && cursor === undefined) {
      return yield* new BadCursor({ cursor: query.cursor });
    }
    const asked = {
      limit: limit + 1,
      ...(query.status === undefined ? {} : { status: query.status }),
      ...(cursor === undefined ? {} : { cursor }),
    };
    const found = yield* Effect.andThen(catalogue.refresh, catalogue.page(asked)).pipe(
      Effect.catch(() => catalogue.scan(asked)),
    );
    const data = found.slice(0, limit);
    const last = data.at(-1);
    return {
      data,
      next_cursor: found.length > limit && last !== undefined ? encodeCursor(last) : null,
    };
  });

  const get: RunStore["Service"]["get"] = Effect.fn("RunStore.get")(function* (idOrFolder) {
    const path = isRunId(idOrFolder) ? join(folder, idOrFolder) : resolve(idOrFolder);
    const run = yield* Effect.promise(() => reader.read(path));
    if (run !== undefined) return run;
    const elsewhere = yield* Effect.promise(() => reader.read(resolve(idOrFolder)));
    if (elsewhere !== undefined) return elsewhere;
    return yield* new RunNotFound({ run: idOrFolder, folder });
  });

  const create: RunStore["Service"]["create"] = Effect.fn("RunStore.create")(function* (name) {
    const now = new Date();
    const path = join(folder, newRunId(name, now));
    yield* attempt(() => mkdir(path));
    const birth = { name, created_at: now.toISOString() };
    yield* attempt(() => writeAside(layout(path).birth, JSON.stringify(birth) + "\n"));
    return path;
  });

  const order: RunStore["Service"]["order"] = (id, wanted) =>
    attempt(() => writeAside(layout(join(folder, id)).order, JSON.stringify(wanted) + "\n"));

  const remove: RunStore["Service"]["remove"] = Effect.fn("RunStore.remove")(function* (id) {
    const path = join(folder, id);
    if (!isRunId(id) || !(yield* Effect.promise(() => stat(path).then(() => true, () => false)))) {
      return yield* new RunNotFound({ run: id, folder });
    }
    const holder = yield* attempt(() => lockHolder(layout(path).process));
    if (holder !== undefined) {
      return yield* new FolderInUse({ folder: path, pid: holder.pid, what: "its run" });
    }
    // Out of sight at once: a crash while deleting must not leave half a run in the list.
    const doomed = join(folder, `.deleted-${id}`);
    yield* attempt(() => rename(path, doomed));
    yield* attempt(() => rm(doomed, { recursive: true, force: true }));
  });

  return RunStore.of({ folder, list, get, create, order, remove });
});

const encodeCursor = (run: Run): string =>
  Buffer.from(JSON.stringify([run.created_at, run.id])).toString("base64url");

const decodeCursor = (text: string): { created_at: string; id: string } | undefined => {
  try {
    const [created_at, id] = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return typeof created_at === "string" && typeof id === "string"
      ? { created_at, id }
      : undefined;
  } catch {
    return undefined;
  }
};
