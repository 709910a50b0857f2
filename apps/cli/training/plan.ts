import { Effect, Result, Stream } from "effect";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderTable } from "../../../ts/evaluate/mod.ts";
import { Sandbox } from "../../../ts/sandbox/mod.ts";
import { planMissing, type Recipe, train, type TrainEvent } from "../../../ts/train/mod.ts";
import { clock } from "../display.ts";
import { printJson, writeOut } from "../output.ts";

/**
 * What a run would need, stage by stage, and how long it would take here. The run itself tells it before
 * its first step, and is stopped there. Memory is planned from `config.json` alone; without weights, or
 * without a device that holds them, there is no telling the time, and the reason is printed instead. So it
 * is where data are not there yet: then memory is for rows that fill the context.
 */
export const printPlan = Effect.fnUntraced(function* (recipe: Recipe, json: boolean) {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "calque-plan-"))),
    (made) => Effect.promise(() => rm(made, { recursive: true })),
  );
  const events: TrainEvent[] = [];
  const told = yield* train(recipe, { folder, resume: false }).pipe(
    Stream.takeUntil(({ type }) => type === "estimate"),
    Stream.runForEach((event) => Effect.sync(() => events.push(event))),
    Effect.provide(Sandbox.layer()),
    Effect.result,
  );
  const planned = events.filter((event) => event.type === "plan");
  const missing = Result.isFailure(told) && planned.length < recipe.stages.length
    ? yield* planMissing(recipe, told.failure)
    : undefined;
  const stages = missing?.stages ?? planned;
  const device = events.find((event) => event.type === "device")?.device.name ?? null;
  const seconds = events.find((event) => event.type === "estimate")?.seconds ?? null;
  const memory_bytes = Math.max(...stages.map(({ memory }) => memory.total_bytes));
  const disk_bytes = missing?.disk_bytes ?? planned[0]!.disk_bytes;
  if (json) {
    return yield* printJson({
      memory_bytes,
      disk_bytes,
      seconds,
      device,
      steps: recipe.steps,
      stages: stages.map(({ method, steps, memory, counts }) => ({
        method,
        steps,
        memory,
        counts,
      })),
    });
  }
  for (const [i, { method, steps, memory, counts }] of stages.entries()) {
    const title = stages.length > 1 ? `stage ${i + 1} of ${stages.length}: ${method}` : method;
    const rows = [
      ["steps", String(steps)],
      ...Object.entries(counts).map(([name, count]) => [name, String(count)]),
      ...Object.entries(memory.parts).map(([name, bytes]) => [name, mebibytes(bytes)]),
      ["GPU memory in all", mebibytes(memory.total_bytes)],
      [`largest binding (${memory.largest.name})`, mebibytes(memory.largest.bytes)],
    ];
    yield* writeOut(renderTable([{ title }, { title: "", align: "right" }], rows) + "\n\n");
  }
  yield* writeOut(`checkpoints and results take at most ${mebibytes(disk_bytes)} of disk\n`);
  const time = Result.isFailure(told)
    ? `no estimate of the time: ${told.failure.message}`
    : `about ${clock(seconds!)} on ${device}`;
  yield* writeOut(`${time}\n`);
}, Effect.scoped);

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
