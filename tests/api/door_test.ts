import assert from "node:assert/strict";
import { calque } from "../cli/calque.ts";
import { startServer, withServer } from "./server.ts";

Deno.test("health is open; everything else wants the token, absent routes too", () =>
  withServer(async ({ url, token, ask }) => {
    const health = await fetch(`${url}/healthz`);
    assert.equal(health.status, 200);
    await health.body?.cancel();
    for (const path of ["/api/runs", "/metrics", "/api/tokens", "/api/nothing"]) {
      for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: token }]) {
        const response = await fetch(url + path, { headers: headers as Record<string, string> });
        const body = await response.json();
        assert.equal(response.status, 401, path);
        assert.equal(response.headers.get("content-type"), "application/problem+json");
        assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer/);
        assert.equal(body.status, 401);
        assert.match(body.detail, /Authorization/);
      }
    }
    const absent = await ask("GET", "/api/nothing");
    assert.equal(absent.status, 404);
    assert.equal(absent.type, "application/problem+json");
    assert.deepEqual(Object.keys(absent.body).sort(), ["detail", "status", "title", "type"]);
  }));

Deno.test("SandboxFusion's paths take the token as the password of an address; no other path does", () =>
  withServer(async ({ url, token }) => {
    const ask = async (path: string, password: string): Promise<number> => {
      const response = await fetch(url + path, {
        method: "POST",
        headers: {
          authorization: `Basic ${btoa(`anyone:${password}`)}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ code: "print(1)", language: "python" }),
      });
      await response.body?.cancel();
      return response.status;
    };
    assert.equal(await ask("/run_code", token), 200);
    assert.equal(await ask("/run_code", "wrong"), 401);
    assert.equal(await ask("/submit", token), 400);
    assert.equal(await ask("/api/judge", token), 401);
  }));

Deno.test("faults in a request are named by their key", () =>
  withServer(async ({ ask, fetch }) => {
    const cases: [string, string, unknown, number, RegExp][] = [
      ["POST", "/api/runs", {}, 400, /"recipe": is missing/],
      ["POST", "/api/runs", { recipe: "quickstart", stes: 1 }, 400, /"stes": is not a known key/],
      ["POST", "/api/runs", { recipe: 1 }, 400, /"recipe"/],
      ["POST", "/api/runs", { recipe: "../secret" }, 400, /recipe/],
      ["GET", "/api/runs?limit=0", undefined, 400, /"limit"/],
      ["GET", "/api/runs?limit=101", undefined, 400, /"limit"/],
      ["GET", "/api/runs?limit=many", undefined, 400, /"limit"/],
      ["GET", "/api/runs?status=asleep", undefined, 400, /"status"/],
      ["GET", "/api/runs?sort=name", undefined, 400, /"sort": is not a known key/],
      ["GET", "/api/runs?cursor=nonsense", undefined, 400, /cursor/],
      ["GET", "/api/runs/absent", undefined, 404, /no run "absent"/],
      ["GET", "/api/runs/..%2F..%2Fetc", undefined, 404, /no run/],
      ["DELETE", "/api/runs/absent", undefined, 404, /no run "absent"/],
      ["POST", "/api/runs/absent/cancel", undefined, 404, /no run "absent"/],
      ["GET", "/api/runs/absent/events", undefined, 404, /no run "absent"/],
    ];
    for (const [method, path, body, status, detail] of cases) {
      const answer = await ask(method, path, body);
      assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
      assert.equal(answer.type, "application/problem+json");
      assert.match(answer.body.detail, detail, `${method} ${path}`);
    }
    const broken = await fetch("/api/runs", { method: "POST", body: "{" });
    assert.equal(broken.status, 400);
    await broken.body?.cancel();
  }));

Deno.test("a body over the limit is 413, whether its length is announced or not", () =>
  withServer(async ({ fetch }) => {
    const megabyte = new Uint8Array(1 << 20).fill(0x20);
    const announced = await fetch("/api/check", { method: "POST", body: new Uint8Array(9 << 20) });
    assert.equal(announced.status, 413);
    assert.match((await announced.json()).detail, /at most \d+ bytes/);
    let sent = 0;
    const body = new ReadableStream({
      pull: (controller) => sent++ < 9 ? controller.enqueue(megabyte) : controller.close(),
    });
    const chunked = await fetch("/api/check", { method: "POST", body });
    assert.equal(chunked.status, 413);
    await chunked.body?.cancel();
  }));

Deno.test("one server has a data folder; a killed server leaves it free", () =>
  withServer(async (server) => {
    const second = await calque(["serve", "--port", "0", "--data", server.data]);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /is in use by another server \(process \d+\)/);
    await server.stop("SIGKILL");
    const third = await startServer(server.data);
    assert.equal(await third.stop(), 130);
  }));

Deno.test("CALQUE_TOKEN is the token", async () => {
  const data = await Deno.makeTempDir({ prefix: "calque-api-" });
  const server = await startServer(data, "the-token-of-choice");
  try {
    assert.equal(server.token, "the-token-of-choice");
    assert.equal((await server.ask("GET", "/api/runs")).status, 200);
  } finally {
    await server.stop();
    await Deno.remove(data, { recursive: true });
  }
});
