import { Effect } from "effect";
import { SqlClient } from "effect/sql/SqlClient";
import process from "node:process";
import { databaseLayer } from "./database.ts";

/** One of several processes that open a folder's database at once. */
const work = SqlClient.use((sql) => sql`select count(*) from tokens`);
await Effect.runPromise(Effect.provide(work, databaseLayer(process.argv[2]!)));
