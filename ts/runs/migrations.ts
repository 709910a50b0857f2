import { Effect } from "effect";
import { SqlClient } from "effect/sql/SqlClient";

const statements = (...texts: readonly string[]) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient;
    for (const text of texts) yield* sql.unsafe(text);
  });

/** The schema's history: each is applied once, in order; what has been released is never changed. */
export const migrations = {
  /** The copy of the run folders; files from before there were migrations have one too. */
  "0001_runs": statements(
    "drop table if exists runs",
    `create table runs (
      id text primary key, created_at text not null, status text not null,
      signature text not null, run text not null
    ) strict`,
    "create index runs_by_time on runs (created_at desc, id desc)",
  ),
  /** Tokens by their digests (SHA-256, hexadecimal); the tokens themselves are nowhere. */
  "0002_tokens": statements(
    `create table tokens (
      id text primary key, name text not null, digest text not null unique, scopes text not null,
      created_at text not null, expires_at text
    ) strict`,
  ),
  /** Whether a run has changed is seen without the index now. */
  "0003_runs_without_signatures": statements("alter table runs drop column signature"),
};
