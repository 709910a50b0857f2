import { ConfigProvider, Effect, Layer, References, type Tracer } from "effect";
import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";

/** The span of the request that is being answered. */
const current = new AsyncLocalStorage<Tracer.AnySpan>();

/** Answers a request inside the span of `answer`'s fiber, so that what it asks of the rooms below is its child. */
export const answerWithin = (answer: () => Promise<void>): Effect.Effect<void> =>
  Effect.currentSpan.pipe(
    Effect.orDie,
    Effect.flatMap((span) => Effect.promise(() => current.run(span, answer))),
  );

export const withinRequest = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const span = current.getStore();
  return span === undefined ? effect : Effect.withParentSpan(effect, span) as typeof effect;
};

/**
 * Sends spans, logs and metrics by OpenTelemetry's protocol where its own variables say so
 * (`OTEL_EXPORTER_OTLP_ENDPOINT` and the rest); nothing leaves the machine otherwise.
 */
export const telemetry: Layer.Layer<never> = Layer.unwrap(
  Effect.promise(async () => {
    const asked = Object.keys(process.env).some((name) =>
      /^OTEL_EXPORTER_OTLP(_TRACES|_METRICS|_LOGS)?_ENDPOINT$/.test(name)
    );
    // Spans that nobody gets would still cost a tenth of a request.
    if (!asked) return Layer.succeed(References.TracerEnabled, false);
    const { Otlp, OtlpSerialization } = await import("effect/observability");
    const { FetchHttpClient } = await import("effect/http");
    return Otlp.layerFromConfig({
      resource: { serviceName: process.env["OTEL_SERVICE_NAME"] ?? "calque" },
      loggerMergeWithExisting: true,
    }).pipe(
      Layer.provide(OtlpSerialization.layerJson),
      Layer.provide(FetchHttpClient.layer),
      // OpenTelemetry's own defaults: what has an endpoint is sent there.
      Layer.provide(ConfigProvider.layerAdd(ConfigProvider.fromEnvRecord({
        OTEL_TRACES_EXPORTER: "otlp",
        OTEL_METRICS_EXPORTER: "otlp",
        OTEL_LOGS_EXPORTER: "otlp",
      }))),
      Layer.orDie,
    );
  }),
);
