import type { Schema } from "effect";
import type { Scope } from "../scopes.ts";

/** What can be asked of the server: the routes' guard, the OpenAPI document and its page are made of these. */
export interface Operation {
  readonly method: "get" | "post" | "delete";
  /** As OpenAPI writes it: `/api/runs/{id}`. A parameter in `{braces+}` may hold slashes. */
  readonly path: string;
  readonly summary: string;
  /** The token's scope; `open` wants no token, `judge` is for the server's own runs. */
  readonly scope: Scope | "open" | "judge";
  readonly query?: Schema.Top;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Schema.Top | "multipart";
  readonly answer: {
    readonly status: 200 | 201 | 204;
    /** `application/json` if not given. */
    readonly type?: string;
    readonly schema?: Schema.Top;
  };
}

export const json = (schema: Schema.Top, status: 200 | 201 = 200): Operation["answer"] => ({
  status,
  schema,
});
