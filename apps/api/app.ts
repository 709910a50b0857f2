import type { ManagedRuntime } from "effect";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { UserError } from "../tools/mod.ts";
import { bearer } from "./auth.ts";
import { problem } from "./problem.ts";
import { runRoutes, type Services } from "./runs.ts";
import { type ToolOptions, toolRoutes } from "./tools.ts";

const LARGEST_BODY_BYTES = 8 * 1024 * 1024;

export interface AppOptions extends ToolOptions {
  readonly runtime: ManagedRuntime.ManagedRuntime<Services, unknown>;
  readonly token: string;
}

/** All routes. Only `/healthz` is open; everything else wants the token. */
export const app = (options: AppOptions) =>
  new Hono()
    .get("/healthz", (c) => c.json({ status: "ok" }))
    .use(bearer(options.token))
    .use(bodyLimit({
      maxSize: LARGEST_BODY_BYTES,
      onError: (c) =>
        problem(
          c,
          new UserError({
            code: "too-large",
            message: `expected a body of at most ${LARGEST_BODY_BYTES} bytes`,
          }),
        ),
    }))
    .route("/api/runs", runRoutes(options.runtime))
    .route("/api", toolRoutes(options))
    .notFound((c) =>
      problem(
        c,
        new UserError({ code: "not-found", message: `no ${c.req.method} ${c.req.path} here` }),
      )
    )
    .onError((error, c) => problem(c, error));

/** For typed clients: `hc<App>(url)`. */
export type App = ReturnType<typeof app>;
