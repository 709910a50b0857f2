import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sharedFolder } from "../../ts/shared.ts";
import { type Server, startServer, withServer } from "./server.ts";

const golden = sharedFolder("golden");
const model = `${golden}/models/llama-gqa-tied`;

/** A server, and a recipe of supervised steps on the golden batch. */
const withRecipe = async (
  work: (server: Server, recipe: Record<string, unknown>) => Promise<void>,
): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-api-rows-"));
  try {
    const { sequences } = JSON.parse(await readFile(`${model}/batch.json`, "utf8"));
    const path = join(folder, "rows.jsonl");
    await writeFile(
      path,
      sequences.map(({ ids, mask }: { ids: number[]; mask: number[] }) =>
        JSON.stringify({ ids, mask }) + "\n"
      ).join(""),
    );
    const recipe = {
      method: "sft",
      model: `${model}/model`,
      data: { path, packing: false, shuffle: false },
      steps: 3,
      batch: { size: sequences.length },
      optimizer: { lr: 0.001 },
      engine: { tokens_per_pass: 512, context: 128, slots: 8 },
    };
    await withServer(
      (server) => work(server, recipe),
      undefined,
      ["--read", folder, "--read", golden!],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
};

const until = async (
  server: Server,
  id: string,
  wanted: (run: { status: string; step: number }) => boolean,
) => {
  for (;;) {
    const { status, body } = await server.ask("GET", `/api/runs/${id}`);
    assert.equal(status, 200);
    if (wanted(body)) return body;
    assert.ok(["queued", "running"].includes(body.status), JSON.stringify(body));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

Deno.test({
  name: "a run is created, told live, and done; its events replay to the byte",
  ignore: golden === undefined,
  fn: () =>
    withRecipe(async (server, recipe) => {
      const created = await server.ask("POST", "/api/runs", {
        recipe,
        set: { "optimizer.lr": 0.01, steps: 4 },
        name: "my run",
      });
      assert.equal(created.status, 201, JSON.stringify(created.body));
      assert.deepEqual([created.body.name, created.body.error], ["my run", null]);
      assert.ok(["queued", "running"].includes(created.body.status));
      // Known before its process has said a word.
      assert.deepEqual([created.body.method, created.body.seed, created.body.steps], ["sft", 0, 4]);
      const { id } = created.body;
      const live = await (await server.fetch(`/api/runs/${id}/events`)).text();
      const ids = [...live.matchAll(/^id: (\d+)$/gm)].map(([, n]) => Number(n));
      assert.deepEqual(ids, ids.map((_, i) => i + 1));
      assert.match(live, /event: metrics\ndata: \{"step":4,/);
      const done = await until(server, id, (run) => run.status === "done");
      assert.deepEqual([done.step, done.steps], [4, 4]);
      const frames = (text: string) => text.replaceAll(/^:.*\n\n/gm, "");
      assert.equal(
        frames(await (await server.fetch(`/api/runs/${id}/events`)).text()),
        frames(live),
      );
      const rows = (await server.ask("GET", `/api/runs/${id}/metrics`)).body.data;
      assert.deepEqual(rows.map((row: { learning_rate: number }) => row.learning_rate), [
        0.01,
        0.01,
        0.01,
        0.01,
      ]);
    }),
});

Deno.test({
  name: "one run at a time: the second waits, both can be cancelled, and a restart loses neither",
  ignore: golden === undefined,
  fn: () =>
    withRecipe(async (server, recipe) => {
      const create = async (name: string) =>
        (await server.ask("POST", "/api/runs", { recipe, name, set: { steps: 100000 } })).body.id;
      const first = await create("first");
      const second = await create("second");
      await until(server, first, (run) => run.step > 1);
      assert.equal((await server.ask("GET", `/api/runs/${second}`)).body.status, "queued");
      assert.equal((await server.ask("DELETE", `/api/runs/${first}`)).status, 409);

      await server.stop("SIGKILL");
      const next = await startServer(server.data, undefined, ["--read", golden!]);
      try {
        const before = (await next.ask("GET", `/api/runs/${first}`)).body;
        assert.equal(before.status, "running");
        assert.equal((await next.ask("GET", `/api/runs/${second}`)).body.status, "queued");
        assert.equal(
          (await next.ask("POST", `/api/runs/${second}/cancel`)).body.status,
          "cancelled",
        );
        assert.equal((await next.ask("POST", `/api/runs/${first}/cancel`)).status, 200);
        const ended = await until(next, first, (run) => run.status === "cancelled");
        assert.ok(ended.step >= before.step);
        assert.equal((await next.ask("POST", `/api/runs/${first}/cancel`)).status, 409);
      } finally {
        await next.stop();
      }
    }),
});

Deno.test({
  name: "a recipe's fault is 400 and names the key; nothing is created",
  ignore: golden === undefined,
  fn: () =>
    withRecipe(async (server, recipe) => {
      const cases: [unknown, Record<string, unknown>, RegExp][] = [
        [{ ...recipe, stpes: 1 }, {}, /"stpes"/],
        [recipe, { "optimizer.lr": "fast" }, /"optimizer\.lr"/],
        [{ ...recipe, method: "magic" }, {}, /"method"/],
        ["absent-recipe", {}, /"recipe": expected .*absent-recipe/],
      ];
      for (const [asked, set, detail] of cases) {
        const { status, body } = await server.ask("POST", "/api/runs", { recipe: asked, set });
        assert.equal(status, 400);
        assert.match(body.detail, detail);
      }
      assert.deepEqual((await server.ask("GET", "/api/runs")).body.data, []);
    }),
});

Deno.test("check, judge and tokenize answer the objects of the commands", () =>
  withServer(async ({ ask }) => {
    const ir = (name: string, n: number) =>
      `define i32 @${name}(i32 %x) {\n  %a = add i32 %x, ${n}\n  ret i32 %a\n}\n`;
    const check = await ask("POST", "/api/check", {
      id: 5,
      source: ir("f", 1),
      target: ir("f", 2),
    });
    assert.deepEqual([check.status, check.body.id, check.body.verdict], [200, 5, "refuted"]);
    const judge = await ask("POST", "/api/judge", {
      language: "python",
      code: "print(int(input()) + 1)",
      tests: [{ stdin: "1", stdout: "2" }],
    });
    assert.deepEqual([judge.status, judge.body.verdict], [200, "pass"]);
    const encoded = await ask("POST", "/api/tokenize", { text: "def f(x):" });
    assert.equal(encoded.status, 200, JSON.stringify(encoded.body));
    const decoded = await ask("POST", "/api/tokenize", { ids: encoded.body.ids });
    assert.equal(decoded.body.text, "def f(x):");
    const unknown = await ask("POST", "/api/check", { sourc: "" });
    assert.equal(unknown.status, 400);
    assert.match(unknown.body.detail, /"sourc": is not a known key|"source": is missing/);
  }));
