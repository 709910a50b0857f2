import { DateTime, Effect, Schema } from "effect";
import { SqlClient } from "effect/sql/SqlClient";
import { Hono } from "hono";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { UserError } from "../tools/mod.ts";
import { digestOf, type Holder, newToken } from "./holder.ts";
import { jsonBody } from "./body.ts";
import { type Scope, SCOPES } from "./scopes.ts";
import type { RunServices } from "./services.ts";

export const TokenRequest = Schema.Struct({
  name: Schema.NonEmptyString.check(Schema.isMaxLength(100)),
  scopes: Schema.NonEmptyArray(Schema.Literals(SCOPES)),
  /** How long it holds; for ever where it is not given. */
  expires_in_s: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10 * 365 * 86_400 })),
  ),
});

/** A token as it is listed: nobody, this server included, can say it again. */
export const Token = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  scopes: Schema.Array(Schema.Literals(SCOPES)),
  created_at: Schema.String,
  expires_at: Schema.NullOr(Schema.String),
}).annotate({ identifier: "Token" });
type Token = typeof Token.Type;

export const NewToken = Schema.Struct({ ...Token.fields, token: Schema.String })
  .annotate({ identifier: "NewToken" });

interface Row {
  readonly id: string;
  readonly name: string;
  readonly digest: string;
  readonly scopes: string;
  readonly created_at: string;
  readonly expires_at: string | null;
}

/** The tokens of a server: those it was started with, and those in its database. */
export class Tokens {
  readonly #run: RunServices["run"];
  readonly #fixed: readonly Holder[];
  #stored: readonly (Holder & { readonly token: Token })[] = [];

  constructor(run: RunServices["run"], fixed: readonly Holder[]) {
    this.#run = run;
    this.#fixed = fixed;
  }

  holders(): readonly Holder[] {
    return [...this.#fixed, ...this.#stored];
  }

  list(): readonly Token[] {
    return this.#stored.map(({ token }) => token);
  }

  /** Reads the database; done once before the first request. */
  async load(): Promise<void> {
    const rows = await this.#run(
      SqlClient.use((sql) => sql<Row>`select * from tokens order by created_at, id`),
    );
    this.#stored = rows.map((row) => {
      const { digest, ...rest } = row;
      const scopes: Scope[] = JSON.parse(row.scopes);
      return {
        id: row.id,
        digest: Buffer.from(digest, "hex"),
        scopes: new Set(scopes),
        ...(row.expires_at === null ? {} : { expires_ms: Date.parse(row.expires_at) }),
        token: { ...rest, scopes },
      };
    });
  }

  async create(request: typeof TokenRequest.Type): Promise<typeof NewToken.Type> {
    const token = newToken();
    const id = `tok-${randomBytes(8).toString("hex")}`;
    const now = DateTime.nowUnsafe();
    const { name, expires_in_s } = request;
    const scopes = [...new Set(request.scopes)];
    const created_at = DateTime.formatIso(now);
    const expires_at = expires_in_s === undefined
      ? null
      : DateTime.formatIso(DateTime.add(now, { seconds: expires_in_s }));
    const digest = Buffer.from(digestOf(token)).toString("hex");
    await this.#run(
      SqlClient.use((sql) =>
        sql`insert into tokens (id, name, digest, scopes, created_at, expires_at)
          values (${id}, ${name}, ${digest}, ${
          JSON.stringify(scopes)
        }, ${created_at}, ${expires_at})`
      ),
    );
    await this.load();
    return { id, name, scopes, created_at, expires_at, token };
  }

  async remove(id: string): Promise<void> {
    if (!this.#stored.some((each) => each.id === id)) {
      const message = `no token "${id.slice(0, 100)}"; GET /api/tokens lists those here`;
      throw new UserError({ code: "not-found", message });
    }
    await this.#run(
      SqlClient.use((sql) => Effect.asVoid(sql`delete from tokens where id = ${id}`)),
    );
    await this.load();
  }
}

/** `/api/tokens`. */
export const tokenRoutes = (tokens: Tokens) =>
  new Hono()
    .post("/", jsonBody(TokenRequest), async (c) =>
      c.json(await tokens.create(c.req.valid("json")), 201))
    .get("/", (c) =>
      c.json({ data: tokens.list(), next_cursor: null }))
    .delete("/:id", async (c) => {
      await tokens.remove(c.req.param("id"));
      return c.body(null, 204);
    });
