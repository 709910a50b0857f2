import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { Effect, Stream } from "effect";
import { compareRuns } from "./compare.ts";
import { followLines } from "./follow.ts";
import { layout } from "./layout.ts";
import { isAlive, markOf, markOfThis } from "./process.ts";
import { statusOf } from "./run.ts";
import { RunStore } from "./store.ts";
import { RunWriter } from "./writer.ts";

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-runs-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const inStore = <A, E>(folder: string, work: Effect.Effect<A, E, RunStore>): Promise<A> =>
  Effect.runPromise(Effect.provide(work, RunStore.layer(folder)));

const summary = {
  status: "done",
  steps: 2,
  seconds: 3,
  seed: 1,
  device: "llvmpipe",
  before: null,
  after: null,
  infrastructure_rate: 0,
} as const;

Deno.test("events get ids rising by 1, over a restart too, and metrics after the checkpoint are cut", () =>
  inFolder(async (folder) => {
    const run = join(folder, "run");
    const first = await RunWriter.open(run, "new", { name: "quick" });
    assert.equal((await first.announce("plan", { bytes: 1 })).id, 1);
    await first.addMetrics([{ step: 1 }, { step: 2 }]);
    await first.addRollouts([{ step: 1 }, { step: 2 }]);
    assert.equal((await first.announce("checkpoint", { step: 1 })).id, 2);
    await first.close();
    const second = await RunWriter.open(run, "resume");
    await second.cutAfter(1);
    await second.addMetrics([{ step: 2 }, { step: 3 }]);
    assert.equal((await second.announce("resumed", {})).id, 3);
    await second.close();
    const steps = async (file: string) =>
      (await readFile(file, "utf8")).trimEnd().split("\n").map((line) => JSON.parse(line).step);
    assert.deepEqual(await steps(layout(run).metrics), [1, 2, 3]);
    assert.deepEqual(await steps(layout(run).rollouts), [1]);
  }));

Deno.test("a folder with a run is not begun again, and one without is not resumed", () =>
  inFolder(async (folder) => {
    await assert.rejects(RunWriter.open(join(folder, "none"), "resume"), /no run to resume/);
    const writer = await RunWriter.open(join(folder, "run"), "new");
    await assert.rejects(RunWriter.open(join(folder, "run"), "resume"), /in use by its run/);
    await writer.close();
    await assert.rejects(RunWriter.open(join(folder, "run"), "new"), /already holds a run/);
  }));

Deno.test("a living run is running, one whose process was killed is interrupted", () =>
  inFolder(async (folder) => {
    const writer = await RunWriter.open(join(folder, "mine"), "new");
    assert.equal(
      (await inStore(folder, RunStore.use((store) => store.get("mine")))).status,
      "running",
    );
    await writer.close();

    const child = spawn("sleep", ["60"]);
    const mark = await markOf(child.pid!);
    await mkdir(join(folder, "other"));
    await writeFile(layout(join(folder, "other")).process, JSON.stringify(mark));
    await writeFile(layout(join(folder, "other")).birth, '{"name":"other"}');
    const list = () => inStore(folder, RunStore.use((store) => store.list({})));
    const statusOfOther = async () => (await list()).data.find((run) => run.id === "other")?.status;
    assert.equal(await statusOfOther(), "running");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(await statusOfOther(), "interrupted");
    // Its lock is stale: the run can be taken up.
    await writeFile(layout(join(folder, "other")).events, '{"id":1}\n');
    await (await RunWriter.open(join(folder, "other"), "resume")).close();
  }));

Deno.test("a run that ends while it is read is running or done, not interrupted", () =>
  inFolder(async (folder) => {
    const run = join(folder, "run");
    const writer = await RunWriter.open(run, "new");
    // A pipe for the recipe: who reads it waits until the run has ended.
    await once(spawn("mkfifo", [layout(run).recipe]), "exit");
    const reading = inStore(folder, RunStore.use((store) => store.get(run)));
    const recipe = await open(layout(run).recipe, "w");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await writer.writeSummary(summary);
    await writer.close();
    await recipe.writeFile('{"steps":1}');
    await recipe.close();
    assert.equal((await reading).status, "running");
    await rm(layout(run).recipe);
    assert.equal(
      (await inStore(folder, RunStore.use((store) => store.get(run)))).status,
      "done",
    );
  }));

Deno.test("a process id that was given out again is not taken for the old process", async () => {
  const mark = await markOfThis();
  assert.ok(await isAlive(mark));
  assert.ok(!await isAlive({ ...mark, started: "another boot/1" }));
  assert.equal(mark.pid, process.pid);
});

Deno.test("the list pages through all runs once, newest first, and filters by status", () =>
  inFolder((folder) =>
    inStore(
      folder,
      Effect.gen(function* () {
        const store = yield* RunStore;
        for (let i = 0; i < 7; i++) {
          const run = yield* store.create(`run ${i}`);
          if (i % 2 === 0) {
            yield* Effect.promise(() => writeFile(layout(run).summary, JSON.stringify(summary)));
          } else yield* store.order(run.split("/").at(-1)!, { wanted: "run" });
        }
        const names: string[] = [];
        let cursor: string | undefined;
        do {
          const page = yield* store.list({ limit: 3, cursor });
          assert.ok(page.data.length <= 3);
          names.push(...page.data.map((run) => run.name));
          cursor = page.next_cursor ?? undefined;
        } while (cursor !== undefined);
        assert.deepEqual([...names].sort(), [0, 1, 2, 3, 4, 5, 6].map((i) => `run ${i}`));
        assert.equal((yield* store.list({ status: "queued" })).data.length, 3);
        assert.equal((yield* store.list({ status: "done" })).data.length, 4);
        const error = yield* Effect.flip(store.list({ cursor: "nonsense" }));
        assert.match(
          error.message,
          /key "cursor": expected the next_cursor of a list, not "nonsense"/,
        );
      }),
    )
  ));

Deno.test("an index that cannot be written is done without", () =>
  inFolder(async (folder) => {
    await inStore(
      folder,
      Effect.gen(function* () {
        const store = yield* RunStore;
        for (const name of ["a", "b", "c"]) {
          yield* store.create(name);
          yield* Effect.sleep(2);
        }
        const pages = Effect.gen(function* () {
          const first = yield* store.list({ limit: 2 });
          const second = yield* store.list({ limit: 2, cursor: first.next_cursor! });
          const none = yield* store.list({ status: "done" });
          return [first, second, none];
        });
        const indexed = yield* pages;
        const database = new DatabaseSync(join(folder, "index.sqlite"));
        database.exec("drop table runs");
        database.close();
        assert.deepEqual(yield* pages, indexed);
      }),
    );
  }));

Deno.test("the index is only a copy: deleted, broken or older, it is built anew", () =>
  inFolder(async (folder) => {
    const id = await inStore(folder, RunStore.use((store) => store.create("kept")));
    const before = await inStore(folder, RunStore.use((store) => store.list({})));
    assert.equal(before.data[0]?.folder, id);
    for (const suffix of ["", "-wal", "-shm"]) {
      await rm(join(folder, `index.sqlite${suffix}`), { force: true });
    }
    await writeFile(
      join(folder, "index.sqlite"),
      "this is no database, and long enough to be read",
    );
    const after = await inStore(folder, RunStore.use((store) => store.list({})));
    assert.deepEqual(after, before);
  }));

Deno.test("a deleted run is gone; one that goes on, and names that are paths, are refused", () =>
  inFolder(async (folder) => {
    const writer = await RunWriter.open(join(folder, "busy"), "new");
    const remove = (id: string) => inStore(folder, RunStore.use((store) => store.remove(id)));
    await assert.rejects(remove("busy"), /in use/);
    await writer.close();
    await remove("busy");
    await assert.rejects(remove("busy"), /no run "busy"/);
    await assert.rejects(remove("../escape"), /no run/);
    assert.deepEqual((await inStore(folder, RunStore.use((store) => store.list({})))).data, []);
  }));

Deno.test("the state follows from what is there", () => {
  const table: [Parameters<typeof statusOf>[0], string][] = [
    [{ alive: true, summary: { status: "interrupted" } }, "running"],
    [{ alive: false, summary: { status: "done" }, order: { wanted: "cancelled" } }, "done"],
    [
      { alive: false, summary: { status: "interrupted" }, order: { wanted: "cancelled" } },
      "cancelled",
    ],
    [{ alive: false, order: { wanted: "cancelled" } }, "cancelled"],
    [{ alive: false, order: { wanted: "run" } }, "queued"],
    [{ alive: false, summary: { status: "interrupted" }, order: { wanted: "run" } }, "queued"],
    [{ alive: false, order: { wanted: "started" } }, "interrupted"],
    [{ alive: false, order: { wanted: "started", failed: "no adapter" } }, "failed"],
    [{ alive: false, summary: { status: "failed" } }, "failed"],
    [{ alive: false }, "interrupted"],
  ];
  for (const [facts, status] of table) assert.equal(statusOf(facts), status, JSON.stringify(facts));
});

Deno.test("following a log gives every line once, those written meanwhile too, and then ends", () =>
  inFolder(async (folder) => {
    const file = join(folder, "events.jsonl");
    let ended = false;
    const writing = (async () => {
      for (let i = 1; i <= 20; i++) {
        await writeFile(file, `{"id":${i},`, { flag: "a" });
        await new Promise((resolve) => setTimeout(resolve, 1));
        await writeFile(file, `"text":"ü"}\n`, { flag: "a" });
      }
      ended = true;
    })();
    const lines = await Effect.runPromise(Stream.runCollect(
      followLines(file, { after: 3, ended: () => Promise.resolve(ended), poll_ms: 1 }),
    ));
    await writing;
    assert.deepEqual(
      lines.map(({ number, text }) => [number, JSON.parse(text).id]),
      Array.from({ length: 17 }, (_, i) => [i + 4, i + 4]),
    );
  }));

Deno.test("comparing runs names the keys of the recipes that differ", () =>
  inFolder(async (folder) => {
    for (const [name, lr] of [["a", 1], ["b", 2]] as const) {
      await mkdir(join(folder, name));
      const recipe = { seed: 1, optimizer: { lr, betas: [0.9, 0.95] } };
      await writeFile(layout(join(folder, name)).recipe, JSON.stringify(recipe));
    }
    const runs = await Promise.all(
      ["a", "b"].map((id) => inStore(folder, RunStore.use((store) => store.get(id)))),
    );
    const { differences } = await compareRuns(runs);
    assert.deepEqual(differences, [{ key: "optimizer.lr", values: [1, 2] }]);
  }));
