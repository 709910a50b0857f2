import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { UserError } from "../tools/mod.ts";
import { bearer, type Scope } from "./auth.ts";
import { gradingRoutes } from "./openai/grading.ts";
import { fileLimit, openaiRoutes, type WireOptions } from "./openai/routes.ts";
import { problem } from "./problem.ts";
import { compareRoutes, resultRoutes } from "./results.ts";
import { type RunOptions, runRoutes } from "./runs.ts";
import { type ToolOptions, toolRoutes } from "./tools.ts";

const LARGEST_BODY_BYTES = 8 * 1024 * 1024;

export interface AppOptions extends RunOptions, ToolOptions, WireOptions {
  readonly tokens: ReadonlyMap<Scope, string>;
}

/** All routes. Only `/healthz` is open; everything else wants the token. */
export const app = (options: AppOptions) =>
  new Hono()
    .get("/healthz", (c) => c.json({ status: "ok" }))
    .use(bearer(options.tokens, (scope, path) => scope === "all" || path.startsWith("/grading/")))
    .use((c, next) => c.req.path === "/v1/files" ? fileLimit(c, next) : smallBody(c, next))
    .route("/api/runs", runRoutes(options))
    .route("/api/runs", resultRoutes(options))
    .route("/api/compare", compareRoutes(options))
    .route("/api", toolRoutes(options))
    .route("/v1", openaiRoutes(options))
    .route("/grading", gradingRoutes(options.jobs, options.judge))
    .notFound((c) =>
      problem(
        c,
        new UserError({ code: "not-found", message: `no ${c.req.method} ${c.req.path} here` }),
      )
    )
    .onError((error, c) => problem(c, error));

const smallBody = bodyLimit({
  maxSize: LARGEST_BODY_BYTES,
  onError: (c) => {
    const message = `expected a body of at most ${LARGEST_BODY_BYTES} bytes`;
    return problem(c, new UserError({ code: "too-large", message }));
  },
});

/** For typed clients: `hc<App>(url)`. */
export type App = ReturnType<typeof app>;
