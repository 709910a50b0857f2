import assert from "node:assert/strict";
import { app } from "./app.ts";
import { openApiDocument } from "./openapi.ts";
import { operationOf, OPERATIONS } from "./operations/mod.ts";
import { referencePage } from "./page/reference.ts";

Deno.test("every route is an operation, and every operation a route", () => {
  // No handler runs: routes are only listed.
  const routes = app(
    { services: {}, gauges: {}, origins: [] } as unknown as Parameters<typeof app>[0],
  ).routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) =>
      `${method.toLowerCase()} ${path.replaceAll(/:(\w+)(\{\.\+\})?/g, "{}")}`
    );
  const operations = OPERATIONS.map(({ method, path }) =>
    `${method} ${path.replaceAll(/\{\w+\+?\}/g, "{}")}`
  );
  assert.deepEqual([...new Set(routes)].sort(), operations.sort());
});

Deno.test("a path is the operation of its shape", () => {
  const path = (method: string, path: string) => operationOf(method, path)?.path;
  assert.equal(path("GET", "/api/runs"), "/api/runs");
  assert.equal(path("HEAD", "/api/runs"), "/api/runs");
  assert.equal(path("POST", "/api/runs/estimate"), "/api/runs/estimate");
  assert.equal(path("GET", "/v1/models/org/name"), "/v1/models/{id+}");
  assert.equal(path("GET", "/api/runs/a/metrics.csv"), "/api/runs/{id}/metrics.csv");
  assert.equal(path("GET", "/api/runs/a/metricsXcsv"), undefined);
  assert.equal(path("PUT", "/api/runs"), undefined);
  assert.equal(path("GET", "/api/runs/a/b/c"), undefined);
});

Deno.test("the document's references lead somewhere, and its operations have names of their own", () => {
  const document = openApiDocument();
  const schemas = (document["components"] as { schemas: object }).schemas;
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(Object.hasOwn(schemas, name!), `no schema ${name}`);
  }
  assert.ok(!text.includes("#/$defs"));
  const ids = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  // The wire to a server's own runs is not for others.
  assert.ok(!text.includes("/grading"));
});

Deno.test("the reference page tells every operation, and lets no text become a tag", () => {
  const document = openApiDocument();
  const html = referencePage(document);
  for (const [path, methods] of Object.entries(document["paths"] as Record<string, object>)) {
    for (const { operationId } of Object.values(methods)) {
      assert.ok(html.includes(`<section id="${operationId}">`), path);
    }
  }
  for (const [, name] of html.matchAll(/href="#([\w-]+)"/g)) {
    assert.ok(html.includes(`id="${name}"`));
  }
  const planted = structuredClone(document) as { info: { title: string } };
  planted.info.title = "<script>alert(1)</script>";
  assert.ok(!referencePage(planted as never).includes("<script>"));
});
