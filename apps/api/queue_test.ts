import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Effect, Layer } from "effect";
import { layout, readRows, type Run, RunStore } from "../../ts/runs/mod.ts";
import { RunQueue } from "./queue.ts";

const command = [
  Deno.execPath(),
  "run",
  "-A",
  fileURLToPath(new URL("./queue_fixture.ts", import.meta.url)),
];

const withQueue = (
  folder: string,
  work: Effect.Effect<void, unknown, RunQueue | RunStore>,
): Promise<void> =>
  Effect.runPromise(
    Effect.provide(
      work,
      RunQueue.layer(command).pipe(Layer.provideMerge(RunStore.layer(folder))),
    ) as Effect.Effect<void, unknown>,
  );

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-queue-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const submit = Effect.fnUntraced(function* (name: string, recipe: object) {
  const folder = yield* RunStore.use((store) => store.create(name));
  yield* Effect.promise(() => writeFile(layout(folder).requested, JSON.stringify(recipe)));
  yield* RunQueue.use((queue) => queue.add(basename(folder)));
  return basename(folder);
});

const until = (id: string, wanted: (run: Run) => boolean) =>
  Effect.gen(function* () {
    const queue = yield* RunQueue;
    for (;;) {
      const run = yield* queue.get(id);
      if (wanted(run)) return run;
      yield* Effect.sleep(20);
    }
  }).pipe(Effect.timeout("60 seconds"));

Deno.test("runs are done one after the other, in the order they came", () =>
  inFolder((folder) =>
    withQueue(
      folder,
      Effect.gen(function* () {
        const first = yield* submit("first", { steps: 3, step_ms: 100 });
        yield* Effect.sleep(5);
        const second = yield* submit("second", { steps: 1, step_ms: 1 });
        yield* until(first, (run) => run.status === "running" && run.step > 0);
        assert.equal((yield* RunQueue.use((q) => q.get(second))).status, "queued");
        const done = yield* until(second, (run) => run.status === "done");
        assert.equal(done.step, 1);
        assert.equal((yield* RunQueue.use((q) => q.get(first))).status, "done");
      }),
    )
  ));

Deno.test("from the queue to its end a run is never in a state that says it has stopped", () =>
  inFolder((folder) =>
    withQueue(
      folder,
      Effect.gen(function* () {
        const seen = new Set<string>();
        const id = yield* submit("watched", { steps: 2, step_ms: 50 });
        const queue = yield* RunQueue;
        for (let status = ""; status !== "done";) {
          ({ status } = yield* queue.get(id));
          seen.add(status);
        }
        // It may be taken from the queue before the first look.
        assert.match([...seen].join(" "), /^(queued )?running done$/);
      }),
    )
  ));

Deno.test("a run whose process refuses is failed, with what it said", () =>
  inFolder((folder) =>
    withQueue(
      folder,
      Effect.gen(function* () {
        const id = yield* submit("bad", { fail: "no GPU adapter; install one" });
        const run = yield* until(id, (run) => run.status === "failed");
        assert.equal(run.error, "no GPU adapter; install one");
      }),
    )
  ));

Deno.test("queued and running runs are cancelled, ended ones refuse", () =>
  inFolder((folder) =>
    withQueue(
      folder,
      Effect.gen(function* () {
        const cancel = (id: string) => RunQueue.use((queue) => queue.cancel(id));
        const long = yield* submit("long", { steps: 1000, step_ms: 50 });
        const waiting = yield* submit("waiting", { steps: 1, step_ms: 1 });
        yield* until(long, (run) => run.step > 0);
        assert.equal((yield* cancel(waiting)).status, "cancelled");
        yield* cancel(long);
        const ended = yield* until(long, (run) => run.status === "cancelled");
        assert.ok(ended.step < 1000);
        const refused = yield* Effect.flip(cancel(long));
        assert.match(
          refused.message,
          /is cancelled; only a queued, running, .* run can be cancelled/,
        );
      }),
    )
  ));

Deno.test("a run that was cancelled just now is deleted once its process has ended", () =>
  inFolder((folder) =>
    withQueue(
      folder,
      Effect.gen(function* () {
        const queue = yield* RunQueue;
        const long = yield* submit("long", { steps: 1000, step_ms: 500 });
        yield* until(long, (run) => run.step > 0);
        assert.match(
          (yield* Effect.flip(queue.remove(long))).message,
          /is running; only a .* deleted/,
        );
        yield* queue.cancel(long);
        yield* queue.remove(long);
        assert.equal((yield* Effect.flip(queue.get(long)))._tag, "RunNotFound");
        // Nothing that its process wrote last has brought the folder back.
        yield* Effect.sleep(700);
        assert.deepEqual(
          (yield* Effect.promise(() => readdir(folder))).filter((name) => name.includes(long)),
          [],
        );
      }),
    )
  ));

Deno.test("a server that stops mid-run leaves it to the next, which goes on with it", () =>
  inFolder(async (folder) => {
    let id = "";
    await withQueue(
      folder,
      Effect.gen(function* () {
        id = yield* submit("long", { steps: 40, step_ms: 20 });
        yield* until(id, (run) => run.step >= 2);
      }),
    );
    const between = await Effect.runPromise(
      RunStore.use((store) => store.get(id)).pipe(Effect.provide(RunStore.layer(folder))),
    );
    assert.equal(between.status, "queued");
    assert.ok(between.step < 40);
    await withQueue(folder, Effect.asVoid(until(id, (run) => run.status === "done")));
    const events = await readRows(layout(join(folder, id)).events);
    assert.deepEqual(events.map((row) => row["id"]), events.map((_, i) => i + 1));
    assert.ok(events.some((row) => row["event"] === "resumed"));
  }));

Deno.test("a run that outlived a killed server is waited for, not started again", () =>
  inFolder(async (folder) => {
    const { RunWriter } = await import("../../ts/runs/mod.ts");
    const writer = await RunWriter.open(join(folder, "orphan"), "new");
    await withQueue(
      folder,
      Effect.gen(function* () {
        const next = yield* submit("next", { steps: 1, step_ms: 1 });
        yield* Effect.sleep(300);
        assert.equal((yield* RunQueue.use((q) => q.get(next))).status, "queued");
        yield* Effect.promise(() => writer.close());
        yield* until(next, (run) => run.status === "done");
      }),
    );
    assert.match(await readFile(layout(join(folder, "orphan")).birth, "utf8"), /created_at/);
  }));
