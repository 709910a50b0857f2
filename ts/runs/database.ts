import { Effect, Layer, Semaphore, Stream } from "effect";
import { layer as reactivity } from "effect/reactivity/Reactivity";
import { fromRecord, make as makeMigrator } from "effect/sql/Migrator";
import { make as makeClient, SqlClient } from "effect/sql/SqlClient";
import type { Connection } from "effect/sql/SqlConnection";
import { classifySqliteError, SqlError } from "effect/sql/SqlError";
import { makeCompilerSqlite } from "effect/sql/Statement";
import { mkdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { RunFolderError } from "./errors.ts";
import { migrations } from "./migrations.ts";

/**
 * The database of a data folder: SQLite in the process, brought to the newest schema. What it says of runs
 * is a copy of their folders, so a file that is no database is put aside and a new one begun.
 */
export const databaseLayer = (folder: string): Layer.Layer<SqlClient, RunFolderError> =>
  Layer.effect(SqlClient, openDatabase(folder)).pipe(Layer.provide(reactivity));

const openDatabase = Effect.fnUntraced(function* (folder: string) {
  const file = join(folder, "index.sqlite");
  const begin = Effect.gen(function* () {
    const sql = yield* openClient(file);
    yield* migrate.pipe(Effect.provideService(SqlClient, sql));
    return sql;
  });
  const startAnew = Effect.promise(async () => {
    await rename(file, `${file}.broken`);
    for (const suffix of ["-wal", "-shm"]) await unlink(file + suffix).catch(() => undefined);
  });
  yield* Effect.promise(() => mkdir(folder, { recursive: true }));
  return yield* begin.pipe(
    Effect.catchIf(isBroken, () => Effect.andThen(startAnew, begin)),
    Effect.mapError((error) => new RunFolderError({ folder, problem: reasonOf(error) })),
  );
});

const migrate = makeMigrator({})({ loader: fromRecord(migrations), table: "migrations" });

/** One connection: statements take turns, a transaction keeps the turn until it has ended. */
const openClient = Effect.fnUntraced(function* (file: string) {
  const database = yield* Effect.acquireRelease(
    attempt("open", () => {
      const opened = new DatabaseSync(file);
      opened.exec("pragma busy_timeout = 5000; pragma journal_mode = wal");
      return opened;
    }),
    (opened) => Effect.sync(() => opened.close()),
  );
  const connection = connectionOf(database);
  const turn = yield* Semaphore.make(1);
  return yield* makeClient({
    acquirer: Effect.acquireRelease(
      Effect.as(turn.take(1), connection),
      () => turn.release(1),
    ),
    compiler: makeCompilerSqlite(),
    driver: "node:sqlite",
    spanAttributes: [["db.system.name", "sqlite"]],
    // Two processes that bring a new file to its schema must not both read it first.
    beginTransaction: "BEGIN IMMEDIATE",
  });
});

const connectionOf = (database: DatabaseSync): Connection => {
  const rows: Connection["execute"] = (sql, params, transform) =>
    attempt("execute", () => {
      const found = database.prepare(sql).all(...params as SQLInputValue[]);
      return transform === undefined ? found : transform(found);
    });
  const values: Connection["executeValues"] = (sql, params) =>
    Effect.map(rows(sql, params, undefined), (found) => found.map((row) => Object.values(row)));
  return {
    execute: rows,
    executeUnprepared: rows,
    executeRaw: (sql, params) => rows(sql, params, undefined),
    executeValues: values,
    executeValuesUnprepared: values,
    executeStream: (sql, params, transform) =>
      Stream.fromIterableEffect(rows(sql, params, transform)),
  };
};

const attempt = <A>(operation: string, work: () => A): Effect.Effect<A, SqlError> =>
  Effect.try({
    try: work,
    catch: (cause) =>
      new SqlError({
        reason: classifySqliteError(cause, { message: (cause as Error).message, operation }),
      }),
  });

const reasonOf = (error: { readonly message: string; readonly cause?: unknown }): string => {
  const inner = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `index.sqlite: ${error.message}${error.message.includes(inner.slice(2)) ? "" : inner}`;
};

/** SQLITE_NOTADB and SQLITE_CORRUPT. */
const isBroken = (error: { readonly message: string }): boolean =>
  /not a database|malformed/.test(error.message);
