import { Effect, Stream } from "effect";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderTable } from "../../../ts/evaluate/mod.ts";
import { Sandbox } from "../../../ts/sandbox/mod.ts";
import { type Recipe, train } from "../../../ts/train/mod.ts";
import { clock } from "../display.ts";
import { printJson, writeOut } from "../output.ts";

/**
 * What a run would need, stage by stage, and how long it would take here. The run itself tells it before
 * its first step, and is stopped there.
 */
export const printPlan = Effect.fnUntraced(function* (recipe: Recipe, json: boolean) {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "calque-plan-"))),
    (made) => Effect.promise(() => rm(made, { recursive: true })),
  );
  const events = yield* train(recipe, { folder, resume: false }).pipe(
    Stream.takeUntil(({ type }) => type === "estimate"),
    Stream.runCollect,
    Effect.provide(Sandbox.layer()),
  );
  const stages = events.filter((event) => event.type === "plan");
  const { device } = events.find((event) => event.type === "device")!;
  const { seconds } = events.find((event) => event.type === "estimate")!;
  const memory_bytes = Math.max(...stages.map(({ memory }) => memory.total_bytes));
  if (json) {
    return yield* printJson({
      memory_bytes,
      seconds,
      device: device.name,
      steps: recipe.steps,
      stages: stages.map(({ method, steps, memory, counts }) => ({
        method,
        steps,
        memory,
        counts,
      })),
    });
  }
  for (const { stage, method, steps, memory, counts } of stages) {
    const title = stages.length > 1 ? `stage ${stage} of ${stages.length}: ${method}` : method;
    const rows = [
      ["steps", String(steps)],
      ...Object.entries(counts).map(([name, count]) => [name, String(count)]),
      ...Object.entries(memory.parts).map(([name, bytes]) => [name, mebibytes(bytes)]),
      ["GPU memory in all", mebibytes(memory.total_bytes)],
    ];
    yield* writeOut(renderTable([{ title }, { title: "", align: "right" }], rows) + "\n\n");
  }
  yield* writeOut(`about ${clock(seconds)} on ${device.name}\n`);
}, Effect.scoped);

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
