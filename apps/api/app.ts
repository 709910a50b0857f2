import type { Effect } from "effect";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { UserError } from "../tools/mod.ts";
import { guard } from "./auth.ts";
import type { Limiter } from "./limits.ts";
import type { Gauges } from "./metrics.ts";
import { metricsRoutes, observe } from "./metrics.ts";
import { gradingRoutes } from "./openai/grading.ts";
import { fileLimit, openaiRoutes, type WireOptions } from "./openai/routes.ts";
import { pageRoutes } from "./page/mod.ts";
import { problem } from "./problem.ts";
import { compareRoutes, resultRoutes } from "./results.ts";
import { type RunOptions, runRoutes } from "./runs.ts";
import { sandboxFusionRoutes } from "./sandbox_fusion.ts";
import { tokenRoutes, type Tokens } from "./tokens.ts";
import { type ToolOptions, toolRoutes } from "./tools.ts";

const LARGEST_BODY_BYTES = 8 * 1024 * 1024;

export interface AppOptions extends RunOptions, ToolOptions, WireOptions {
  readonly tokens: Tokens;
  readonly limiter: Limiter;
  /** Pages of these origins may ask; none if empty. */
  readonly origins: readonly string[];
  /** Runs an effect where the server's tracer is. */
  readonly trace: <A>(effect: Effect.Effect<A>) => Promise<A>;
  readonly gauges: Gauges;
}

/** All routes; `operations/` says what each wants and gives. */
export const app = (options: AppOptions) => {
  const { tokens, limiter, origins } = options;
  return new Hono()
    .use(requestId())
    .use(observe(options.trace))
    .use(secureHeaders({ crossOriginResourcePolicy: false }))
    .use(
      origins.length === 0 ? (_c, next) => next() : cors({
        origin: [...origins],
        allowHeaders: ["authorization", "content-type", "last-event-id"],
        exposeHeaders: ["x-request-id", "retry-after", "location"],
      }),
    )
    .use(guard(() => tokens.holders(), limiter))
    .use((c, next) => c.req.path === "/v1/files" ? fileLimit(c, next) : smallBody(c, next))
    .get("/healthz", (c) => c.json({ status: "ok" as const }))
    .route("/", pageRoutes())
    .route("/metrics", metricsRoutes(options.gauges))
    .route("/api/runs", runRoutes(options))
    .route("/api/runs", resultRoutes(options))
    .route("/api/compare", compareRoutes(options))
    .route("/api/tokens", tokenRoutes(tokens))
    .route("/api", toolRoutes(options))
    .route("/v1", openaiRoutes(options))
    .route("/", sandboxFusionRoutes(options.judge))
    .route("/grading", gradingRoutes(options.jobs, options.judge))
    .notFound((c) =>
      problem(
        c,
        new UserError({ code: "not-found", message: `no ${c.req.method} ${c.req.path} here` }),
      )
    )
    .onError((error, c) => problem(c, error));
};

const smallBody = bodyLimit({
  maxSize: LARGEST_BODY_BYTES,
  onError: (c) => {
    const message = `expected a body of at most ${LARGEST_BODY_BYTES} bytes`;
    return problem(c, new UserError({ code: "too-large", message }));
  },
});

/** For typed clients: `hc<App>(url)`. */
export type App = ReturnType<typeof app>;
