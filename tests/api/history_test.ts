import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { layout, RunWriter } from "../../ts/runs/mod.ts";
import { type Server, startServer, withServer } from "./server.ts";

/** Five runs that are done, each with ten steps and its rollouts. */
const prepare = async (data: string): Promise<void> => {
  for (const name of ["a", "b", "c", "d", "e"]) {
    const writer = await RunWriter.open(join(data, name), "new", { name: `run ${name}` });
    await writer.writeRecipe({ method: "oorl", steps: 10, seed: 0 });
    for (let step = 1; step <= 10; step++) {
      await writer.addMetrics([{ step, reward: step / 10 }]);
      await writer.addRollouts(["lua", "c"].map((target) => ({
        step,
        target,
        reward: step % 2,
        judgement: { verdict: step % 2 === 1 ? "pass" : "wrong-answer", tests: [] },
      })));
      await writer.announce("metrics", { step, text: "ü\n\u2028" });
    }
    await writer.writeSummary({
      status: "done",
      steps: 10,
      seconds: 1,
      seed: 0,
      device: "none",
      before: null,
      after: null,
      infrastructure_rate: 0,
    });
    await writer.close();
  }
};

const withHistory = (work: (server: Server) => Promise<void>) => withServer(work, prepare);

Deno.test("the list goes page by page through every run once", () =>
  withHistory(async ({ ask }) => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const { body } = await ask("GET", `/api/runs?limit=2${query}`);
      assert.ok(body.data.length <= 2);
      seen.push(...body.data.map((run: { id: string }) => run.id));
      cursor = body.next_cursor;
    } while (cursor !== null);
    assert.deepEqual(seen, ["e", "d", "c", "b", "a"]);
    assert.equal((await ask("GET", "/api/runs?status=done")).body.data.length, 5);
    assert.equal((await ask("GET", "/api/runs?status=failed")).body.data.length, 0);
    const bad = await ask("GET", "/api/runs?cursor=nonsense");
    assert.equal(bad.status, 400);
    assert.match(bad.body.detail, /^key "cursor": expected the next_cursor of a list/);
    const run = (await ask("GET", "/api/runs/a")).body;
    assert.deepEqual(
      [run.id, run.name, run.status, run.step, run.steps, run.before, run.after, run.error],
      ["a", "run a", "done", 10, 10, null, null, null],
    );
  }));

Deno.test("events replay to the byte, go on after Last-Event-ID, and end with the run", () =>
  withHistory(async ({ fetch, ask }) => {
    const read = async (headers: Record<string, string> = {}) => {
      const response = await fetch("/api/runs/a/events", { headers });
      assert.equal(response.headers.get("content-type"), "text/event-stream");
      return (await response.text()).replaceAll(/^:.*\n\n/gm, "");
    };
    const whole = await read();
    const frames = whole.split("\n\n").filter((frame) => frame !== "");
    assert.equal(frames.length, 10);
    frames.forEach((frame, i) => {
      const [id, event, data, ...more] = frame.split("\n");
      assert.equal(id, `id: ${i + 1}`);
      assert.equal(event, "event: metrics");
      assert.deepEqual(JSON.parse(data!.replace(/^data: /, "")), {
        step: i + 1,
        text: "ü\n\u2028",
      });
      assert.equal(more.length, 0);
    });
    assert.equal(await read(), whole);
    assert.equal(await read({ "last-event-id": "7" }), frames.slice(7).join("\n\n") + "\n\n");
    assert.equal(await read({ "last-event-id": "10" }), "");
    const bad = await ask("GET", "/api/runs/a/events", undefined, { "last-event-id": "x" });
    assert.equal(bad.status, 400);
    assert.match(bad.body.detail, /Last-Event-ID/);
  }));

Deno.test("metrics are thinned to first, last and what lies between; rollouts are filtered", () =>
  withHistory(async ({ ask }) => {
    const all = (await ask("GET", "/api/runs/a/metrics")).body.data;
    assert.equal(all.length, 10);
    const few = (await ask("GET", "/api/runs/a/metrics?points=4")).body.data;
    assert.deepEqual(few.map((row: { step: number }) => row.step), [1, 4, 7, 10]);
    const rollouts = async (query: string) =>
      (await ask("GET", `/api/runs/a/rollouts?limit=100${query}`)).body.data;
    assert.equal((await rollouts("")).length, 20);
    assert.equal((await rollouts("&target=lua")).length, 10);
    assert.equal((await rollouts("&verdict=pass")).length, 10);
    assert.equal((await rollouts("&target=c&min_reward=1")).length, 5);
    for (const [filter, count] of [["", 20], ["&verdict=pass", 10], ["&target=c", 10]] as const) {
      const seen: unknown[] = [];
      let cursor: string | null = "0";
      while (cursor !== null) {
        const path: string = `/api/runs/a/rollouts?limit=5&cursor=${cursor}${filter}`;
        const { body } = await ask("GET", path);
        assert.equal(body.data.length, 5);
        seen.push(...body.data);
        cursor = body.next_cursor;
      }
      assert.deepEqual(seen, await rollouts(filter));
      assert.equal(seen.length, count);
    }
    assert.equal((await ask("GET", "/api/runs/a/metrics?points=0")).status, 400);
    const csv = (await ask("GET", "/api/runs/b/metrics.csv")).body;
    assert.match(csv, /^step,reward\r\n1,0.1\r\n/);
  }));

Deno.test("an ended run cannot be cancelled, and can be deleted, once", () =>
  withHistory(async ({ ask }) => {
    const cancel = await ask("POST", "/api/runs/a/cancel");
    assert.equal(cancel.status, 409);
    assert.match(cancel.body.detail, /is done/);
    assert.equal((await ask("DELETE", "/api/runs/a")).status, 204);
    assert.equal((await ask("DELETE", "/api/runs/a")).status, 404);
    assert.equal((await ask("GET", "/api/runs")).body.data.length, 4);
  }));

Deno.test("a run's model is probed as it was and as it is, once; a run without one says why", () =>
  withHistory(async ({ ask, fetch, data }) => {
    const unmade = await ask("GET", "/api/runs/a/probe");
    assert.deepEqual([unmade.status, unmade.type], [404, "application/problem+json"]);
    const recipe = {
      method: "rl",
      model: "assets/seed",
      steps: 1,
      optimizer: { lr: 1 },
      rollout: {
        tasks: "assets/tasks",
        kind: "translation",
        sources: ["python", "lua"],
        targets: ["lua", "c"],
        prompts: { translation: "<|{source}|>{code}<|{target}|>" },
      },
    };
    await writeFile(layout(join(data, "c")).recipe, JSON.stringify(recipe));
    await cp("assets/seed", layout(join(data, "c")).model, { recursive: true });
    const probed = await fetch("/api/runs/c/probe");
    const told = await probed.text();
    assert.equal(probed.status, 200, told);
    const { before, after } = JSON.parse(told);
    assert.deepEqual(before, after);
    assert.deepEqual(after.languages, ["python", "lua", "c"]);
    const { num_hidden_layers } = JSON.parse(await readFile("assets/seed/config.json", "utf8"));
    assert.deepEqual(
      after.layers.map(({ layer }: { layer: number }) => layer),
      Array.from({ length: num_hidden_layers }, (_, i) => i + 1),
    );
    assert.ok(after.layers.some((each: { retrieval_at_1: { value: number } }) =>
      // Better than chance: one of the 64 tasks' programs is the nearest.
      each.retrieval_at_1.value > 1 / 64
    ));
    assert.equal((await (await fetch("/api/runs/c/probe")).text()).trim(), told.trim());
  }));

Deno.test("a new server knows what the old one knew", () =>
  withHistory(async (server) => {
    const before = (await server.ask("GET", "/api/runs")).body;
    await server.stop("SIGKILL");
    const next = await startServer(server.data);
    try {
      assert.deepEqual((await next.ask("GET", "/api/runs")).body, before);
    } finally {
      await next.stop();
    }
  }));
