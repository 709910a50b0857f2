import assert from "node:assert/strict";
import { Effect, Result, Stream } from "effect";
import { DeviceError } from "../model/mod.ts";
import type { TrainEvent } from "./events.ts";
import { persist } from "./persist.ts";

const checkpoint = (step: number) => ({ type: "checkpoint", step }) as TrainEvent;
const lost = () => new DeviceError("lost", "the GPU device was lost");

/** What comes of attempts that give these events and then end, or fail. */
const follow = async (attempts: readonly (readonly [TrainEvent[], Error?])[]) => {
  const resumes: boolean[] = [];
  const events: TrainEvent[] = [];
  const stream = persist((resume) => {
    const [given, error] = attempts[resumes.push(resume) - 1]!;
    return Stream.concat(Stream.fromIterable(given), error ? Stream.fail(error) : Stream.empty);
  }, false);
  const result = await Effect.runPromise(
    Effect.result(Stream.runForEach(stream, (event) => Effect.sync(() => events.push(event)))),
  );
  return { resumes, events, error: Result.isFailure(result) ? result.failure : undefined };
};

Deno.test("a run whose device is lost goes on from its checkpoint", async () => {
  const done = await follow([[[checkpoint(1)], lost()], [[checkpoint(2)]]]);
  assert.deepEqual(done.resumes, [false, true]);
  assert.deepEqual(done.events, [checkpoint(1), checkpoint(2)]);
  assert.equal(done.error, undefined);
});

Deno.test("it gives up when nothing comes of it, and at once on any other error", async () => {
  const idle = await follow([[[checkpoint(1)], lost()], [[], lost()], [[], lost()]]);
  assert.equal(idle.resumes.length, 3);
  assert.ok(idle.error instanceof DeviceError);
  const patient = await follow([
    [[], lost()],
    [[checkpoint(1)], lost()],
    [[], lost()],
    [[checkpoint(2)], lost()],
    [[checkpoint(3)]],
  ]);
  assert.deepEqual([patient.resumes.length, patient.error], [5, undefined]);
  const memory = new DeviceError("out-of-memory", "too large");
  const other = await follow([[[checkpoint(1)], memory], [[checkpoint(2)]]]);
  assert.deepEqual([other.resumes.length, other.error], [1, memory]);
});
