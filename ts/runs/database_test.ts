import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { Effect } from "effect";
import { SqlClient } from "effect/sql/SqlClient";
import { databaseLayer } from "./database.ts";
import { migrations } from "./migrations.ts";

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-database-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const inDatabase = <A, E>(folder: string, work: Effect.Effect<A, E, SqlClient>): Promise<A> =>
  Effect.runPromise(Effect.provide(work, databaseLayer(folder)));

const tokens = SqlClient.use((sql) =>
  Effect.map(
    sql<{ id: string }>`select id from tokens order by id`,
    (rows) => rows.map((row) => row.id),
  )
);
const insert = (id: string) =>
  SqlClient.use((sql) =>
    sql`insert into tokens values (${id}, 'n', ${`digest of ${id}`}, '[]', 'now', null)`
  );

Deno.test("every migration is applied once, and what is stored stays over the next opening", () =>
  inFolder(async (folder) => {
    await inDatabase(folder, insert("a"));
    const applied = await inDatabase(
      folder,
      SqlClient.use((sql) => sql`select migration_id, name from migrations`),
    );
    const names = Object.keys(migrations).map((key) => key.split("_"));
    assert.deepEqual(
      applied.map(({ migration_id, name }) => [migration_id, name]),
      names.map(([id, ...rest]) => [Number(id), rest.join("_")]),
    );
    assert.deepEqual(await inDatabase(folder, tokens), ["a"]);
  }));

Deno.test("an index from before there were migrations gets the new schema", () =>
  inFolder(async (folder) => {
    const old = new DatabaseSync(join(folder, "index.sqlite"));
    old.exec("create table runs (id text primary key, other text) strict; pragma user_version = 1");
    old.close();
    assert.deepEqual(await inDatabase(folder, tokens), []);
    await inDatabase(folder, SqlClient.use((sql) => sql`select status from runs`));
  }));

Deno.test("a file that is no database is put aside, not deleted", () =>
  inFolder(async (folder) => {
    const junk = "not a database at all. ".repeat(100);
    await Deno.writeTextFile(join(folder, "index.sqlite"), junk);
    assert.deepEqual(await inDatabase(folder, tokens), []);
    assert.equal(await readFile(join(folder, "index.sqlite.broken"), "utf8"), junk);
  }));

Deno.test("a transaction that fails leaves nothing, and others wait for its end", () =>
  inFolder(async (folder) => {
    const failing = SqlClient.use((sql) =>
      sql.withTransaction(
        Effect.gen(function* () {
          yield* insert("lost");
          yield* Effect.sleep(20);
          return yield* Effect.fail("changed my mind");
        }),
      )
    ).pipe(Effect.ignore);
    const found = await inDatabase(
      folder,
      Effect.gen(function* () {
        yield* Effect.all([failing, Effect.andThen(Effect.sleep(5), insert("kept"))], {
          concurrency: "unbounded",
        });
        return yield* tokens;
      }),
    );
    assert.deepEqual(found, ["kept"]);
    await assert.rejects(inDatabase(folder, insert("kept")), /UNIQUE/);
  }));

Deno.test("processes that open a new folder at once all find the schema", () =>
  inFolder(async (folder) => {
    const opener = fileURLToPath(new URL("./database_fixture.ts", import.meta.url));
    const codes = await Promise.all([1, 2, 3, 4].map(async () => {
      const child = spawn(Deno.execPath(), ["run", "-A", "--no-check", opener, folder], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      return (await once(child, "exit"))[0];
    }));
    assert.deepEqual(codes, [0, 0, 0, 0]);
  }));
