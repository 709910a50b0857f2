import { Effect, Stream } from "effect";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderTable } from "../../../ts/evaluate/mod.ts";
import { Sandbox } from "../../../ts/sandbox/mod.ts";
import { type Recipe, train } from "../../../ts/train/mod.ts";
import { printJson, writeOut } from "../output.ts";

/**
 * What a run would need, part by part. The run itself tells it, before it allocates anything, and is
 * stopped there; what a later stage needs is only known when its model is.
 */
export const printPlan = Effect.fnUntraced(function* (recipe: Recipe, json: boolean) {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "calque-plan-"))),
    (made) => Effect.promise(() => rm(made, { recursive: true })),
  );
  const events = yield* train(recipe, { folder, resume: false }).pipe(
    Stream.takeUntil(({ type }) => type === "plan"),
    Stream.runCollect,
    Effect.provide(Sandbox.layer()),
  );
  const plan = events.find((event) => event.type === "plan")!;
  const { stages, method, memory, counts } = plan;
  if (json) {
    const { total_bytes: memory_bytes } = memory;
    return yield* printJson({ memory_bytes, steps: plan.steps, stages, method, memory, counts });
  }
  yield* writeOut(
    renderTable(
      [{ title: stages > 1 ? `stage 1 of ${stages}: ${method}` : method }, {
        title: "",
        align: "right",
      }],
      [
        ["steps", String(plan.steps)],
        ...Object.entries(counts).map(([name, count]) => [name, String(count)]),
        ...Object.entries(memory.parts).map(([name, bytes]) => [name, mebibytes(bytes)]),
        ["GPU memory in all", mebibytes(memory.total_bytes)],
      ],
    ) + "\n",
  );
}, Effect.scoped);

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
