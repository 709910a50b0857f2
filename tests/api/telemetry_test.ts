/** What the server tells of itself: Prometheus's text, and spans by OpenTelemetry's protocol. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { start } from "../cli/calque.ts";
import { withServer } from "./server.ts";

Deno.test("/metrics counts requests by operation, and runs and listeners as they are", () =>
  withServer(async ({ ask }) => {
    for (const id of ["a", "b", "c"]) await ask("GET", `/api/runs/${id}`);
    const { status, type, body } = await ask("GET", "/metrics");
    assert.equal(status, 200);
    assert.match(type!, /^text\/plain; version=0\.0\.4/);
    const line = (name: string, ...labels: string[]) =>
      (body as string).split("\n").find((each) =>
        each.startsWith(`${name}{`) && labels.every((label) => each.includes(label))
      );
    const counted = line("calque_http_requests", 'route="/api/runs/{id}"', 'status="404"');
    assert.match(counted ?? body, / 3$/);
    assert.match(line("calque_runs", 'status="running"') ?? body, / 0$/);
    assert.match(body, /^calque_event_listeners 0$/m);
    assert.match(body, /^# TYPE calque_http_request_seconds histogram$/m);
    // Ids are in no label: each would make a series of its own.
    assert.ok(!/\/api\/runs\/[abc]"/.test(body));
  }));

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

Deno.test("spans go where OTEL_EXPORTER_OTLP_ENDPOINT says, under the caller's trace, without secrets", async () => {
  const spans: Span[] = [];
  let sent = "";
  const collector = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part) => text += part).on("end", () => {
      sent += text;
      if (request.url === "/v1/traces") {
        for (const resource of JSON.parse(text).resourceSpans) {
          for (const scope of resource.scopeSpans) spans.push(...scope.spans);
        }
      }
      response.setHeader("content-type", "application/json").end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  const { port } = collector.address() as AddressInfo;
  const data = await mkdtemp(join(tmpdir(), "calque-otel-"));
  const token = "a-token-that-nobody-may-see";
  const child = start(["serve", "--port", "0", "--json", "--data", data], {
    env: {
      CALQUE_TOKEN: token,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
  });
  const exited = once(child, "exit");
  try {
    child.stderr.resume();
    const first = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    const { url } = JSON.parse(first.value!);
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const answer = await fetch(`${url}/api/runs/absent`, {
      headers: {
        authorization: `Bearer ${token}`,
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      },
    });
    assert.equal(answer.status, 404);
    // Where the data lies is told to nobody either.
    assert.ok(!(await answer.text()).includes(data));
    const ofRequest = () => spans.filter((span) => span.traceId === traceId);
    while (ofRequest().length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    const server = ofRequest().find(({ name }) => name === "GET /api/runs/{id}")!;
    assert.equal(server.parentSpanId, "b7ad6b7169203331");
    const inner = ofRequest().find(({ name }) => name === "RunStore.get")!;
    assert.equal(inner.parentSpanId, server.spanId);
    assert.ok(!sent.includes(token));
  } finally {
    if (child.exitCode === null) process.kill(child.pid!, "SIGINT");
    await exited;
    collector.closeAllConnections();
    collector.close();
    await rm(data, { recursive: true });
  }
});
