import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deferred, Effect, Exit, Fiber, Stream } from "effect";
import { type JudgedSample, passAtOne } from "../evaluate/mod.ts";
import type { Evaluation, RolloutRow, TrainEvent } from "../train/mod.ts";
import { layout } from "./layout.ts";
import { record } from "./record.ts";
import { readRows } from "./rows.ts";
import { RunWriter } from "./writer.ts";

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-record-"));
  try {
    await work(join(folder, "run"));
  } finally {
    await rm(folder, { recursive: true });
  }
};

const metrics = (step: number): TrainEvent => ({
  type: "metrics",
  metrics: { step, loss: 1 / step, grad_norm: 1, learning_rate: 1e-3 },
});
const checkpoint = (step: number): TrainEvent => ({ type: "checkpoint", step, folder: "x" });
const rollout = (step: number): TrainEvent => ({
  type: "rollout",
  step,
  rows: [1, 0, null].map((reward): RolloutRow => ({
    step,
    task: "t",
    source: "python",
    target: "lua",
    prompt: "p",
    completion: "c",
    reward,
    judgement: {
      verdict: reward === null ? "infrastructure" : reward ? "pass" : "wrong-answer",
      tests: [],
    },
    weight_version: step - 1,
    group: 0,
    truncated: false,
    ids: [1],
    logprobs: [-0.5],
  })),
});
const evaluation = (
  when: Evaluation["when"],
  step: number,
  temperature: number,
  passes: number,
): TrainEvent => {
  const samples = Array.from({ length: 10 }, (_, i): JudgedSample => ({
    task: `t${i}`,
    family: "f",
    source: "python",
    target: "lua",
    index: 0,
    given: "",
    code: "",
    verdict: i < passes ? "pass" : "wrong-answer",
  }));
  return {
    type: "evaluation",
    evaluation: { when, step, temperature, samples, score: passAtOne(samples) },
  };
};
const done: TrainEvent = {
  type: "done",
  steps: 2,
  before: null,
  after: null,
  infrastructure_rate: 0.25,
};
const options = { seed: 7, temperature: 1 };

const steps = async (file: string) => (await readRows(file)).map((row) => row["step"]);

Deno.test("a run's folder holds what the run told, and its summary", () =>
  inFolder(async (folder) => {
    const writer = await RunWriter.open(folder, "new");
    const seen: string[] = [];
    const events = [
      evaluation("before", 0, 0, 1),
      evaluation("before", 0, 1, 3),
      rollout(1),
      metrics(1),
      metrics(2),
      checkpoint(2),
      evaluation("after", 2, 1, 6),
      done,
    ];
    const summary = await Effect.runPromise(
      record(writer, Stream.fromIterable(events), {
        ...options,
        onEvent: ({ type }) => seen.push(type),
      }),
    );
    await writer.close();
    assert.deepEqual(seen, events.map(({ type }) => type));
    const logged = await readRows(layout(folder).events);
    assert.deepEqual(logged.map((row) => row["id"]), events.map((_, i) => i + 1));
    assert.deepEqual(logged.map((row) => row["event"]), seen);
    assert.deepEqual(logged[2]!["data"], {
      step: 1,
      rollouts: 3,
      reward: 0.5,
      verdicts: { pass: 1, "wrong-answer": 1, infrastructure: 1 },
    });
    assert.deepEqual(await steps(layout(folder).metrics), [1, 2]);
    assert.equal((await readRows(layout(folder).rollouts)).length, 3);
    assert.equal((await readRows(layout(folder).evaluations)).length, 30);
    assert.deepEqual(JSON.parse(await readFile(layout(folder).summary, "utf8")), summary);
    assert.deepEqual(
      [summary.status, summary.steps, summary.seed, summary.infrastructure_rate],
      ["done", 2, 7, 0.25],
    );
    assert.deepEqual([summary.before?.pass_at_1, summary.after?.pass_at_1], [0.3, 0.6]);
  }));

Deno.test("an event is on disk before anybody is told", () =>
  inFolder(async (folder) => {
    const writer = await RunWriter.open(folder, "new");
    const onDisk: number[] = [];
    await Effect.runPromise(record(writer, Stream.fromIterable([metrics(1), metrics(2), done]), {
      ...options,
      onEvent: () => {
        const text = Deno.readTextFileSync(layout(folder).events);
        onDisk.push(text.trimEnd().split("\n").length);
      },
    }));
    await writer.close();
    assert.deepEqual(onDisk, [1, 2, 3]);
  }));

Deno.test("what a run made is told by its place in the folder, which can be moved", () =>
  inFolder(async (folder) => {
    const writer = await RunWriter.open(folder, "new");
    const { model, adapter } = layout(folder);
    const events = Stream.fromIterable([{ ...done, model, adapter }]);
    await Effect.runPromise(record(writer, events, options));
    await writer.close();
    const [row] = await readRows(layout(folder).events);
    const { model: is, adapter: too } = row!["data"] as { model: string; adapter: string };
    assert.deepEqual([is, too], ["model", "adapter"]);
  }));

Deno.test("a failed run says why, an interrupted one that it was", () =>
  inFolder(async (folder) => {
    const failing = await RunWriter.open(`${folder}-1`, "new");
    const failed = Stream.concat(Stream.fromIterable([metrics(1)]), Stream.fail(new Error("NaN")));
    const exit = await Effect.runPromiseExit(record(failing, failed, options));
    await failing.close();
    assert.ok(Exit.isFailure(exit));
    const told = JSON.parse(await readFile(layout(`${folder}-1`).summary, "utf8"));
    assert.deepEqual([told.status, told.error, told.steps], ["failed", "NaN", 1]);

    const interrupted = await RunWriter.open(`${folder}-2`, "new");
    await Effect.runPromise(Effect.gen(function* () {
      const begun = yield* Deferred.make<void>();
      const stream = Stream.concat(
        Stream.fromIterable([metrics(1)]),
        Stream.fromEffect(Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)),
      );
      const fiber = yield* Effect.forkChild(record(interrupted, stream, options));
      yield* Deferred.await(begun);
      yield* Fiber.interrupt(fiber);
    }));
    await interrupted.close();
    const last = (await readRows(layout(`${folder}-2`).events)).at(-1)!;
    assert.equal(last["event"], "interrupted");
    const summary = JSON.parse(await readFile(layout(`${folder}-2`).summary, "utf8"));
    assert.deepEqual([summary.status, summary.steps], ["interrupted", 1]);
  }));

Deno.test("a resumed run has every step once, and remembers what was measured before", () =>
  inFolder(async (folder) => {
    const first = await RunWriter.open(folder, "new");
    const cut = Stream.fromIterable([
      evaluation("before", 0, 1, 2),
      rollout(1),
      metrics(1),
      checkpoint(1),
      rollout(2),
      metrics(2),
      evaluation("after", 2, 1, 4),
    ]);
    await Effect.runPromiseExit(
      record(first, Stream.concat(cut, Stream.fail(new Error("killed"))), options),
    );
    await first.close();
    const second = await RunWriter.open(folder, "resume");
    const summary = await Effect.runPromise(record(
      second,
      Stream.fromIterable<TrainEvent>([
        { type: "resumed", step: 1 },
        rollout(2),
        metrics(2),
        checkpoint(2),
        evaluation("after", 2, 1, 5),
        done,
      ]),
      options,
    ));
    await second.close();
    assert.deepEqual(await steps(layout(folder).metrics), [1, 2]);
    assert.deepEqual(await steps(layout(folder).rollouts), [1, 1, 1, 2, 2, 2]);
    const after = (await readRows(layout(folder).evaluations)).filter((row) =>
      row["when"] === "after"
    );
    assert.equal(after.length, 10);
    assert.equal(after.filter((row) => row["verdict"] === "pass").length, 5);
    assert.deepEqual([summary.before?.pass_at_1, summary.after?.pass_at_1], [0.2, 0.5]);
    const ids = (await readRows(layout(folder).events)).map((row) => row["id"]);
    assert.deepEqual(ids, ids.map((_, i) => i + 1));
  }));
