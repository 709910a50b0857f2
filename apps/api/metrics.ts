import { Context, Effect, Metric, Tracer } from "effect";
import { formatUnsafe } from "effect/observability/PrometheusMetrics";
import { Hono, type MiddlewareHandler } from "hono";
import { operationOf } from "./operations/mod.ts";
import { answerWithin } from "./tracing.ts";

const requests = Metric.counter("calque_http_requests", {
  description: "Requests answered",
  incremental: true,
});
const seconds = Metric.histogram("calque_http_request_seconds", {
  description: "Time to the answer's first byte",
  boundaries: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
});

/** What is looked up when somebody asks. */
export interface Gauges {
  readonly runs: () => Promise<Readonly<Record<string, number>>>;
  readonly listeners: () => number;
}

const runs = Metric.gauge("calque_runs", { description: "Runs by their status" });
const listeners = Metric.gauge("calque_event_listeners", {
  description: "Open streams of events",
});

/**
 * Counts each request and makes a span of it, a child of the caller's where `traceparent` names one. Paths
 * are told as operations: ids would make a series each.
 */
export const observe =
  (trace: <A>(effect: Effect.Effect<A>) => Promise<A>): MiddlewareHandler => (c, next) => {
    const method = c.req.method;
    const route = operationOf(method, c.req.path)?.path ?? "none";
    const began_ms = performance.now();
    const parent = parentOf(c.req.header("traceparent"));
    return trace(
      Effect.gen(function* () {
        yield* answerWithin(next);
        const { status } = c.res;
        yield* Effect.annotateCurrentSpan("http.response.status_code", status);
        const attributes = { method, route, status: String(status) };
        yield* Metric.update(Metric.withAttributes(requests, attributes), 1);
        const spent_s = (performance.now() - began_ms) / 1000;
        yield* Metric.update(Metric.withAttributes(seconds, { method, route }), spent_s);
      }).pipe(
        Effect.withSpan(`${method} ${route}`, {
          kind: "server",
          attributes: { "http.request.method": method, "http.route": route },
          ...(parent === undefined ? { root: true } : { parent }),
        }, { captureStackTrace: false }),
      ),
    );
  };

/** W3C Trace Context: `00-TRACE-SPAN-FLAGS`. */
const parentOf = (header: string | undefined): Tracer.ExternalSpan | undefined => {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header ?? "");
  return match === null ? undefined : Tracer.externalSpan({
    traceId: match[1]!,
    spanId: match[2]!,
    sampled: (Number.parseInt(match[3]!, 16) & 1) === 1,
  });
};

/** `/metrics` in Prometheus's text format. */
export const metricsRoutes = (gauges: Gauges) =>
  new Hono().get("/", async (c) => {
    const counted = await gauges.runs();
    const text = await Effect.runPromise(Effect.gen(function* () {
      for (const [status, count] of Object.entries(counted)) {
        yield* Metric.update(Metric.withAttributes(runs, { status }), count);
      }
      yield* Metric.update(listeners, gauges.listeners());
      return formatUnsafe(Context.empty());
    }));
    return c.body(text, 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
