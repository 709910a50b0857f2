import assert from "node:assert/strict";
import { Hono } from "hono";
import { Limiter } from "./limits.ts";

const appOf = (limiter: Limiter, work: () => Promise<void>, tool: boolean) =>
  new Hono().use((c, next) => limiter.admit(c, c.req.query("holder") ?? "a", tool, next))
    .onError((_error, c) => c.text("broke", 500))
    .get("/", async (c) => {
      await work();
      return c.text("done");
    });

Deno.test("a token has its rate, a burst of two seconds of it, and no other token's", async () => {
  let now_ms = 0;
  const limiter = new Limiter({ requests_per_s: 10, tools_at_once: 1 }, () => now_ms);
  const routes = appOf(limiter, () => Promise.resolve(), false);
  const passed = async (count: number, holder: string) => {
    let good = 0;
    for (let i = 0; i < count; i++) {
      if ((await routes.request(`/?holder=${holder}`)).status === 200) good++;
    }
    return good;
  };
  assert.equal(await passed(50, "a"), 20);
  assert.equal(await passed(5, "b"), 5);
  now_ms += 500;
  assert.equal(await passed(50, "a"), 5);
  now_ms += 60_000;
  assert.equal(await passed(50, "a"), 20);
  const refused = await routes.request("/?holder=a");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after-ms"), "100");
});

Deno.test("tools are bounded by how many are under way, also after one that failed", async () => {
  const limiter = new Limiter({ requests_per_s: 1000, tools_at_once: 2 });
  const gates: PromiseWithResolvers<void>[] = [];
  const routes = appOf(limiter, () => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    return gate.promise;
  }, true);
  const first = [routes.request("/"), routes.request("/")];
  while (gates.length < 2) await Promise.resolve();
  assert.equal((await routes.request("/")).status, 429);
  gates[0]!.resolve();
  gates[1]!.reject(new Error("broke"));
  assert.deepEqual((await Promise.all(first)).map(({ status }) => status), [200, 500]);
  const again = routes.request("/");
  while (gates.length < 3) await Promise.resolve();
  gates[2]!.resolve();
  assert.equal((await again).status, 200);
});
