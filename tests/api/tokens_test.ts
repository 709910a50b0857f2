import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startServer, withServer } from "./server.ts";

const secret = "token";

Deno.test("a token does what its scopes say and nothing else, outlives the server, and can be taken back", () =>
  withServer(async (server) => {
    const { ask, data } = server;
    const create = async (scopes: readonly string[], more: object = {}) => {
      const made = await ask("POST", "/api/tokens", { name: "t", scopes, ...more });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return made.body;
    };
    const tokens = {
      read: await create(["read"]),
      runs: await create(["runs"]),
      tools: await create(["tools"]),
      both: await create(["read", "tools"]),
      admin: await create(["admin"]),
    };
    const asks: [string, string, unknown, string][] = [
      ["GET", "/api/runs", undefined, "read"],
      ["GET", "/v1/models", undefined, "read"],
      ["GET", "/metrics", undefined, "read"],
      ["POST", "/api/runs/absent/cancel", undefined, "runs"],
      ["DELETE", "/v1/files/file-absent", undefined, "runs"],
      ["POST", "/api/tokenize", { text: "a" }, "tools"],
      ["POST", "/v1/chat/completions", {}, "tools"],
      ["POST", "/run_code", {}, "tools"],
      ["GET", "/api/tokens", undefined, "admin"],
      ["POST", "/api/tokens", {}, "admin"],
      ["DELETE", "/api/tokens/absent", undefined, "admin"],
      // Of the server's own runs alone.
      ["POST", "/grading/absent/api/judge", {}, "judge"],
    ];
    const check = async (given: typeof ask) => {
      for (const [holder, { token, scopes }] of Object.entries(tokens)) {
        for (const [method, path, body, wanted] of asks) {
          const headers = { authorization: `Bearer ${token}` };
          const { status, body: said } = await given(method, path, body, headers);
          const allowed = scopes.includes(wanted) ||
            (scopes.includes("admin") && wanted !== "judge");
          assert.equal(status !== 403, allowed, `${holder} ${method} ${path}: ${status}`);
          assert.notEqual(status, 401);
          if (!allowed) assert.match(said.detail ?? said.error.message, new RegExp(wanted));
        }
      }
    };
    await check(ask);
    const { body: { data: listed } } = await ask("GET", "/api/tokens");
    assert.equal(listed.length, 5);
    for (const each of listed) assert.equal(each[secret], undefined);

    // Neither the database nor its journal holds a token.
    for (const suffix of ["", "-wal"]) {
      const bytes = await readFile(join(data, `index.sqlite${suffix}`)).catch(() => undefined);
      if (bytes === undefined) continue;
      for (const { token } of Object.values(tokens)) assert.ok(!bytes.includes(token));
    }
    await server.stop("SIGKILL");
    const next = await startServer(data);
    try {
      await check(next.ask);
      assert.equal((await next.ask("DELETE", `/api/tokens/${tokens.read.id}`)).status, 204);
      assert.equal((await next.ask("DELETE", `/api/tokens/${tokens.read.id}`)).status, 404);
      const headers = { authorization: `Bearer ${tokens.read.token}` };
      assert.equal((await next.ask("GET", "/api/runs", undefined, headers)).status, 401);
    } finally {
      await next.stop();
    }
  }));

Deno.test("a token that has expired is none, and a request for one is checked", () =>
  withServer(async ({ ask }) => {
    const made = await ask("POST", "/api/tokens", { name: "t", scopes: ["read"], expires_in_s: 1 });
    const headers = { authorization: `Bearer ${made.body.token}` };
    const ends = Date.parse(made.body.expires_at);
    for (;;) {
      const { status } = await ask("GET", "/api/runs", undefined, headers);
      if (status === 401) break;
      assert.equal(status, 200);
      assert.ok(Date.now() < ends + 5000);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(Date.now() >= ends);
    const cases: [unknown, RegExp][] = [
      [{ name: "t" }, /"scopes": is missing/],
      [{ name: "t", scopes: [] }, /"scopes/],
      [{ name: "t", scopes: ["judge"] }, /"scopes/],
      [{ name: "", scopes: ["read"] }, /"name"/],
      [{ name: "t", scopes: ["read"], expires_in_s: 0 }, /"expires_in_s"/],
    ];
    for (const [body, detail] of cases) {
      const refused = await ask("POST", "/api/tokens", body);
      assert.equal(refused.status, 400);
      assert.match(refused.body.detail, detail);
    }
  }));

Deno.test("too many requests are 429 with the time to wait, and wrong tokens are held back apart", () =>
  withServer(
    async ({ url, token, fetch: ask }) => {
      const statuses = async (count: number, work: () => Promise<Response>) => {
        const answers = await Promise.all(Array.from({ length: count }, work));
        for (const answer of answers) await answer.body?.cancel();
        return answers;
      };
      const wrong = await statuses(
        100,
        () => fetch(`${url}/api/runs`, { headers: { authorization: "Bearer guess" } }),
      );
      assert.ok(wrong.some(({ status }) => status === 429));
      assert.ok(wrong.every(({ status }) => status === 401 || status === 429));
      // Who has the right one is not held back by those who guess.
      assert.equal((await ask("/healthz")).status, 200);
      const many = await statuses(40, () => ask("/api/tokens"));
      const refused = many.find(({ status }) => status === 429)!;
      assert.ok(refused !== undefined);
      assert.equal(many[0]!.status, 200);
      assert.ok(Number(refused.headers.get("retry-after")) >= 1);
      assert.ok(Number(refused.headers.get("retry-after-ms")) >= 1);
      const wire = await statuses(40, () => ask("/v1/models"));
      assert.ok(wire.some(({ status }) => status === 429), token.length.toString());
    },
    undefined,
    ["--rate", "10"],
  ));

Deno.test("pages of other origins get nothing, unless their origin is allowed", async () => {
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/api/runs`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "GET" },
    });
  const allowed = async (response: Response) => {
    await response.body?.cancel();
    return response.headers.get("access-control-allow-origin");
  };
  await withServer(async ({ url, fetch: ask }) => {
    assert.equal(await allowed(await preflight(url, "https://other.test")), null);
    assert.equal(await allowed(await ask("/api/runs", { headers: { origin: url } })), null);
  });
  await withServer(
    async ({ url, fetch: ask }) => {
      const origin = "https://mine.test";
      const answer = await preflight(url, origin);
      assert.ok(answer.ok);
      assert.equal(await allowed(answer), origin);
      assert.equal(await allowed(await ask("/api/runs", { headers: { origin } })), origin);
      assert.equal(await allowed(await preflight(url, "https://other.test")), null);
    },
    undefined,
    ["--allow-origin", "https://mine.test"],
  );
});
