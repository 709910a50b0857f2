import { Effect } from "effect";
import { SqlClient } from "effect/sql/SqlClient";
import type { SqlError } from "effect/sql/SqlError";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isRunId, layout } from "./layout.ts";
import { readRun, type Run, type Status } from "./run.ts";

/**
 * The index over the run folders of one data folder. It holds nothing that the folders do not: a run is
 * read again when one of its files has changed.
 */
export interface Catalogue {
  /** Makes the index say what the folders say. */
  readonly refresh: Effect.Effect<void, SqlError>;
  /** Newest first, after the run that `cursor` names. */
  readonly page: (query: PageQuery) => Effect.Effect<readonly Run[], SqlError>;
  /** The same page from the folders alone: a full disk takes no index, and must still be looked at. */
  readonly scan: (query: PageQuery) => Effect.Effect<readonly Run[]>;
}

interface PageQuery {
  readonly status?: Status;
  readonly limit: number;
  readonly cursor?: { readonly created_at: string; readonly id: string };
}

type Place = NonNullable<PageQuery["cursor"]>;

interface Row {
  readonly id: string;
  readonly status: string;
  readonly signature: string;
  readonly run: string;
}

export const openCatalogue = Effect.fnUntraced(function* (folder: string) {
  const sql = yield* SqlClient;

  const forget = (id: string) => sql`delete from runs where id = ${id}`;
  const remember = (run: Run, signature: string) =>
    sql`insert or replace into runs (id, created_at, status, signature, run)
      values (${run.id}, ${run.created_at}, ${run.status}, ${signature}, ${JSON.stringify(run)})`;

  const folders = Effect.promise(async () => {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && isRunId(entry.name))
      .map((entry) => entry.name);
  });

  const refresh = Effect.gen(function* () {
    const ids = yield* folders;
    const rows = yield* sql<Omit<Row, "run">>`select id, signature, status from runs`;
    const known = new Map(rows.map((row) => [row.id, row]));
    for (const id of ids) {
      const signature = yield* Effect.promise(() => signatureOf(join(folder, id)));
      const row = known.get(id);
      known.delete(id);
      // A living run can die without touching a file.
      if (row?.signature === signature && row.status !== "running") continue;
      const run = yield* Effect.promise(() => readRun(join(folder, id)));
      yield* run === undefined ? forget(id) : remember(run, signature);
    }
    for (const id of known.keys()) yield* forget(id);
  });

  const page: Catalogue["page"] = Effect.fnUntraced(function* ({ status, limit, cursor }) {
    const conditions = [
      ...(status === undefined ? [] : [sql`status = ${status}`]),
      ...(cursor === undefined
        ? []
        : [sql`(created_at, id) < (${cursor.created_at}, ${cursor.id})`]),
    ];
    const rows = yield* sql<Row>`select run from runs where ${
      sql.and(conditions)
    } order by created_at desc, id desc limit ${limit}`;
    return rows.map((row): Run => {
      const run: Run = JSON.parse(row.run);
      // Folders can be moved; the index must not remember where they were.
      return { ...run, folder: join(folder, run.id) };
    });
  });

  const scan: Catalogue["scan"] = Effect.fnUntraced(function* ({ status, limit, cursor }) {
    const runs = yield* Effect.forEach(
      yield* folders,
      (id) => Effect.promise(() => readRun(join(folder, id))),
    );
    const before = (a: Place, b: Place): boolean =>
      a.created_at === b.created_at ? a.id < b.id : a.created_at < b.created_at;
    return runs.flatMap((run) => run ?? [])
      .filter((run) => status === undefined || run.status === status)
      .filter((run) => cursor === undefined || before(run, cursor))
      .sort((a, b) => before(a, b) ? 1 : -1)
      .slice(0, limit);
  });

  const catalogue: Catalogue = { refresh, page, scan };
  return catalogue;
});

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
