/**
 * Requests made of the server's own OpenAPI document, right ones and spoilt ones: no answer is the server's
 * fault (5xx), every refusal has the shape of an error, and what is answered is as the document says.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { RunWriter } from "../../ts/runs/mod.ts";
import { faultOf, type Schema, spoil, TROUBLE, valuesOf } from "./json_schema.ts";
import { type Server, withServer } from "./server.ts";

const RUNS = Number(Deno.env.get("CALQUE_FUZZ_RUNS") ?? 12);
const SEED = Number(Deno.env.get("CALQUE_FUZZ_SEED") ?? 1);

const prepare = async (data: string): Promise<void> => {
  const writer = await RunWriter.open(join(data, "past"), "new", { name: "past" });
  await writer.writeRecipe({ method: "sft", steps: 3, seed: 0 });
  for (let step = 1; step <= 3; step++) {
    await writer.addMetrics([{ step, loss: 1 / step }]);
    await writer.addRollouts([{ step, target: "lua", reward: 1, judgement: { verdict: "pass" } }]);
    await writer.announce("metrics", { step });
  }
  await writer.writeSummary({
    status: "done",
    steps: 3,
    seconds: 1,
    seed: 0,
    device: "none",
    before: { pass_at_1: 0, low: 0, high: 0, samples: 0, pairs: {} },
    after: null,
    infrastructure_rate: 0,
  });
  await writer.close();
};

const ir = "define i32 @f(i32 %x) {\n  ret i32 %x\n}\n";

/** Values that lead beyond the first check, and small ones where a large one only takes long. */
const known: Readonly<Record<string, readonly unknown[]>> = {
  model: ["seed"],
  source: [ir],
  target: [ir],
  language: ["python", "lua"],
  code: ["print(1)", "def f(a): return a"],
  runs: ["past,past", "past"],
  status: ["done"],
  prompt: ["<|python|>x"],
  max_tokens: [1, 4],
  max_completion_tokens: [2],
  n: [1, 2],
  unroll: [1],
  wall_s: [1],
  cpu_s: [1],
  run_timeout: [1],
  recipe: ["absent", { method: "sft" }],
  dataset_type: ["CommonOJDataset"],
  scopes: [["read"]],
};

interface Asked {
  readonly path: string;
  readonly body?: unknown;
}

const requestsOf = (path: string, operation: Schema): fc.Arbitrary<Asked> => {
  const parameters = operation["parameters"] as Schema[];
  const inPath = parameters.filter((each) => each["in"] === "path");
  const inQuery = parameters.filter((each) => each["in"] === "query");
  const text = fc.oneof(
    fc.constantFrom("past", "past", "past", "seed", "ftjob-past", "tok-0"),
    fc.string({ unit: "grapheme", minLength: 1 }),
    fc.constantFrom(...TROUBLE.map(String).filter((each) => each !== "" && each.length < 2000)),
  );
  const where = fc.tuple(...inPath.map(() => text)).map((values) =>
    values.reduce(
      (made, value, i) =>
        made.replace(`{${inPath[i]!["name"]}}`, encodeURIComponent(value.toWellFormed())),
      path,
    )
  );
  const query = fc.tuple(
    ...inQuery.map((each) =>
      fc.option(fc.oneof(
        { weight: 3, arbitrary: valuesOf(each["schema"], known, each["name"]) },
        { weight: 1, arbitrary: fc.constantFrom(...TROUBLE) },
      ))
    ),
  ).map((values) => {
    const search = new URLSearchParams();
    values.forEach((value, i) => {
      if (value !== null) {
        search.set(inQuery[i]!["name"], String(value).toWellFormed().slice(0, 500));
      }
    });
    return search.toString();
  });
  const schema = operation["requestBody"]?.content["application/json"]?.schema;
  const body = schema === undefined ? fc.constant(undefined) : valuesOf(schema, known)
    .chain((right) => fc.oneof(fc.constant(right), spoil(right), spoil(right).chain(spoil)));
  return fc.tuple(where, query, body).map(([where, query, body]) => ({
    path: query === "" ? where : `${where}?${query}`,
    body,
  }));
};

const check = async (
  server: Server,
  method: string,
  { path, body }: Asked,
  operation: Schema,
  document: Schema,
): Promise<number> => {
  const response = await server.fetch(path, {
    method: method.toUpperCase(),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  const told = `${method} ${path}: ${response.status} ${text.slice(0, 300)}`;
  assert.ok(response.status < 500, told);
  const type = response.headers.get("content-type")?.split(";")[0] ?? "";
  if (response.status >= 400) {
    const value = JSON.parse(text);
    const wire = path.startsWith("/v1/");
    assert.equal(type, wire ? "application/json" : "application/problem+json", told);
    const schema = document["components"].schemas[wire ? "OpenAIError" : "Problem"];
    assert.equal(faultOf(schema, value, document), undefined, told);
    return response.status;
  }
  const kinds = operation["responses"][response.status]?.content as
    | Readonly<Record<string, Schema>>
    | undefined;
  assert.ok(operation["responses"][response.status] !== undefined, `not in the document: ${told}`);
  if (kinds === undefined || type === "text/event-stream") return response.status;
  // A result file of a job is CSV under the address of any file.
  assert.ok(type in kinds || type === "text/csv", `${told}: not of the document's types: ${type}`);
  const schema = kinds[type]?.["schema"];
  if (schema !== undefined && type === "application/json") {
    assert.equal(faultOf(schema, JSON.parse(text), document), undefined, told);
  }
  return response.status;
};

Deno.test("requests made of the OpenAPI document, right and spoilt, meet no fault of the server", () =>
  withServer(async (server) => {
    const document = await (await server.fetch("/openapi.json")).json() as Schema;
    const counts: Record<string, number> = {};
    let requests = 0;
    for (const [path, methods] of Object.entries(document["paths"] as Schema)) {
      for (const [method, operation] of Object.entries(methods as Schema)) {
        await fc.assert(
          fc.asyncProperty(requestsOf(path, operation as Schema), async (asked) => {
            const status = await check(server, method, asked, operation as Schema, document);
            requests++;
            counts[status] = (counts[status] ?? 0) + 1;
            if (status === 204 && path === "/api/runs/{id}") await prepare(server.data);
          }),
          { numRuns: RUNS, seed: SEED, endOnFailure: true },
        );
      }
    }
    console.log(`${requests} requests: ${JSON.stringify(counts)}`);
    // The requests must get past the first check often enough to mean something.
    assert.ok((counts[200] ?? 0) > requests / 10, JSON.stringify(counts));
  }, prepare));

Deno.test("bytes that are no request of any kind are refused, and the server goes on", () =>
  withServer(async (server) => {
    const bodies: (string | Uint8Array<ArrayBuffer>)[] = [
      "",
      "{",
      "null",
      "[]",
      '"text"',
      "1e999",
      '{"__proto__": {"admin": true}}',
      '{"a": 1, "a": 2}',
      "[".repeat(200_000),
      `{"a":`.repeat(100_000),
      `{"code": ${"9".repeat(50_000)}}`,
      "\ufeff{}",
      new Uint8Array([0xff, 0xfe, 0x00, 0xd8]),
      new Uint8Array(10_000),
    ];
    const paths = ["/api/runs", "/api/check", "/api/judge", "/api/tokens", "/run_code", "/submit"];
    const wire = ["/v1/files", "/v1/fine_tuning/jobs", "/v1/chat/completions"];
    for (const path of [...paths, ...wire]) {
      for (const body of bodies) {
        const response = await server.fetch(path, { method: "POST", body });
        const said = await response.text();
        assert.ok(
          response.status >= 400 && response.status < 500,
          `${path} ${String(body).slice(0, 40)}: ${response.status} ${said.slice(0, 200)}`,
        );
      }
    }
    const odd = [
      "/%E0%A4%A",
      "/api/runs/%",
      "/api/runs/%00",
      "/v1/models/%2e%2e%2f%2e%2e",
      "/v1/files/..%2f..%2fetc%2fpasswd/content",
      "//",
      `/api/runs/${"a".repeat(5000)}`,
      "/api/runs?limit=1&limit=2",
      "/api/runs?cursor=%00",
      "/api/compare?runs=,,,,",
      "/v1/fine_tuning/jobs?metadata[a]=1&metadata[__proto__]=2",
    ];
    for (const path of odd) {
      for (const method of ["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD"]) {
        const response = await server.fetch(path, { method });
        const said = await response.text();
        assert.ok(response.status < 500, `${method} ${path}: ${response.status} ${said}`);
      }
    }
    const form = (parts: string) => ({
      method: "POST",
      headers: { "content-type": "multipart/form-data; boundary=x" },
      body: parts,
    });
    for (
      const parts of [
        "",
        "--x--\r\n",
        '--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n--x--\r\n',
        '--x\r\ncontent-disposition: form-data; name="file"; filename="../../a"\r\n\r\nb',
        "garbage",
      ]
    ) {
      const response = await server.fetch("/v1/files", form(parts));
      await response.body?.cancel();
      assert.equal(response.status, 400);
    }
    assert.equal((await server.ask("GET", "/api/runs")).status, 200);
  }));
