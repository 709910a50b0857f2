import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isRunId, layout } from "./layout.ts";
import { readRun, type Run, type Status } from "./run.ts";

/**
 * The SQLite index over the run folders of one data folder. It holds nothing that the folders do not: a
 * run is read again when one of its files has changed, and a missing, broken or older index is built
 * anew.
 */
export class Catalogue {
  readonly #folder: string;
  readonly #database: DatabaseSync;

  private constructor(folder: string, database: DatabaseSync) {
    this.#folder = folder;
    this.#database = database;
  }

  static async open(folder: string): Promise<Catalogue> {
    const file = join(folder, "index.sqlite");
    try {
      return new Catalogue(folder, openDatabase(file));
    } catch {
      for (const suffix of ["", "-wal", "-shm"]) await unlink(file + suffix).catch(() => undefined);
      return new Catalogue(folder, openDatabase(file));
    }
  }

  /** Makes the index say what the folders say. */
  async refresh(): Promise<void> {
    const entries = await readdir(this.#folder, { withFileTypes: true });
    const ids = entries.filter((entry) => entry.isDirectory() && isRunId(entry.name))
      .map((entry) => entry.name);
    const known = new Map(
      this.#database.prepare("select id, signature, status from runs").all()
        .map((row) => [row["id"] as string, row]),
    );
    for (const id of ids) {
      const signature = await signatureOf(join(this.#folder, id));
      const row = known.get(id);
      known.delete(id);
      // A living run can die without touching a file.
      if (row?.["signature"] === signature && row["status"] !== "running") continue;
      const run = await readRun(join(this.#folder, id));
      if (run === undefined) this.#forget(id);
      else this.#remember(run, signature);
    }
    for (const id of known.keys()) this.#forget(id);
  }

  /** Newest first, after the run that `cursor` names. */
  page(query: {
    readonly status?: Status;
    readonly limit: number;
    readonly cursor?: { readonly created_at: string; readonly id: string };
  }): Run[] {
    const { status, limit, cursor } = query;
    const rows = this.#database.prepare(
      `select run from runs
        where (:status is null or status = :status)
          and (:created_at is null or (created_at, id) < (:created_at, :id))
        order by created_at desc, id desc limit :limit`,
    ).all({
      status: status ?? null,
      created_at: cursor?.created_at ?? null,
      id: cursor?.id ?? null,
      limit,
    });
    return rows.map((row) => ({
      ...JSON.parse(row["run"] as string),
      // Folders can be moved; the index must not remember where they were.
      folder: join(this.#folder, JSON.parse(row["run"] as string).id),
    }));
  }

  close(): void {
    this.#database.close();
  }

  #remember(run: Run, signature: string): void {
    this.#database.prepare(
      "insert or replace into runs (id, created_at, status, signature, run) values (?, ?, ?, ?, ?)",
    ).run(run.id, run.created_at, run.status, signature, JSON.stringify(run));
  }

  #forget(id: string): void {
    this.#database.prepare("delete from runs where id = ?").run(id);
  }
}

const VERSION = 1;

const openDatabase = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file);
  try {
    database.exec("pragma busy_timeout = 5000; pragma journal_mode = wal;");
    const version = database.prepare("pragma user_version").get()?.["user_version"];
    if (version !== VERSION) {
      database.exec(`
        drop table if exists runs;
        create table runs (
          id text primary key, created_at text not null, status text not null,
          signature text not null, run text not null
        ) strict;
        create index runs_by_time on runs (created_at desc, id desc);
        pragma user_version = ${VERSION};
      `);
    }
    database.prepare("select id, created_at, status, signature, run from runs limit 1").get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

/** Changes whenever a file that a `Run` is read from does. */
const signatureOf = async (folder: string): Promise<string> => {
  const at = layout(folder);
  const files = [at.birth, at.order, at.summary, at.recipe, at.metrics, at.process, at.events];
  const parts = await Promise.all(
    files.map((file) =>
      stat(file, { bigint: true }).then((s) => `${s.ino}.${s.size}.${s.mtimeNs}`, () => "-")
    ),
  );
  return parts.join(" ");
};
