import { Effect } from "effect";
import { SqlClient } from "effect/sql/SqlClient";
import type { SqlError } from "effect/sql/SqlError";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isRunId } from "./layout.ts";
import { type Run, type RunReader, type Status, tokenOf } from "./run.ts";

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

export const openCatalogue = Effect.fnUntraced(function* (folder: string, reader: RunReader) {
  const sql = yield* SqlClient;
  /** Runs as the index has them, by the objects that the reader gave: the same object is the same run. */
  let indexed: ReadonlyMap<string, Run> = new Map();

  const forget = (id: string) => sql`delete from runs where id = ${id}`;
  const remember = (run: Run) =>
    sql`insert or replace into runs (id, created_at, status, run)
      values (${run.id}, ${run.created_at}, ${run.status}, ${JSON.stringify(run)})`;

  let listed: { readonly token: string; readonly ids: readonly string[] } | undefined;
  const folders = async (): Promise<readonly string[]> => {
    const token = tokenOf(folder);
    if (token !== undefined && listed?.token === token) return listed.ids;
    const entries = await readdir(folder, { withFileTypes: true });
    const ids = entries.filter((entry) => entry.isDirectory() && isRunId(entry.name))
      .map((entry) => entry.name);
    listed = token === undefined || token !== tokenOf(folder) ? undefined : { token, ids };
    return ids;
  };

  const runsHere = Effect.promise(async () => {
    const runs = new Map<string, Run>();
    for (const id of await folders()) {
      const run = await reader.read(join(folder, id));
      if (run !== undefined) runs.set(id, run);
    }
    return runs;
  });

  const refresh = Effect.gen(function* () {
    const runs = yield* runsHere;
    if (runs.size === indexed.size && [...runs].every(([id, run]) => indexed.get(id) === run)) {
      return;
    }
    const rows = yield* sql<
      { readonly id: string; readonly run: string }
    >`select id, run from runs`;
    const known = new Map(rows.map((row) => [row.id, row.run]));
    yield* sql.withTransaction(Effect.gen(function* () {
      for (const [id, run] of runs) {
        if (known.get(id) !== JSON.stringify(run)) yield* remember(run);
        known.delete(id);
      }
      for (const id of known.keys()) yield* forget(id);
    }));
    indexed = runs;
  });

  const page: Catalogue["page"] = Effect.fnUntraced(function* ({ status, limit, cursor }) {
    const conditions = [
      ...(status === undefined ? [] : [sql`status = ${status}`]),
      ...(cursor === undefined
        ? []
        : [sql`(created_at, id) < (${cursor.created_at}, ${cursor.id})`]),
    ];
    const rows = yield* sql<
      { readonly id: string; readonly run: string }
    >`select id, run from runs where ${
      sql.and(conditions)
    } order by created_at desc, id desc limit ${limit}`;
    return rows.map((row): Run => {
      const known = indexed.get(row.id);
      if (known !== undefined) return known;
      const run: Run = JSON.parse(row.run);
      // Folders can be moved; the index must not remember where they were.
      return { ...run, folder: join(folder, run.id) };
    });
  });

  const scan: Catalogue["scan"] = Effect.fnUntraced(function* ({ status, limit, cursor }) {
    const runs = [...(yield* runsHere).values()];
    const before = (a: Place, b: Place): boolean =>
      a.created_at === b.created_at ? a.id < b.id : a.created_at < b.created_at;
    return runs
      .filter((run) => status === undefined || run.status === status)
      .filter((run) => cursor === undefined || before(run, cursor))
      .sort((a, b) => before(a, b) ? 1 : -1)
      .slice(0, limit);
  });

  const catalogue: Catalogue = { refresh, page, scan };
  return catalogue;
});
