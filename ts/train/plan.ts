import { Effect } from "effect";
import { DataError } from "../data/mod.ts";
import { findModel } from "../model/mod.ts";
import { onEngine } from "../rollout/mod.ts";
import { diskOf } from "./disk.ts";
import { type TrainError, TrainRefused } from "./errors.ts";
import { planStage } from "./prepare.ts";
import type { Recipe } from "./recipe/parse.ts";

/**
 * What a recipe takes whose data, tokenizer or languages are not there yet: memory and disk, for rows that fill the
 * context. Any other fault of the recipe is the fault that `error` tells.
 */
export const planMissing = Effect.fn("planMissing")(function* (recipe: Recipe, error: TrainError) {
  const absent = error instanceof DataError
    ? error.expected.includes("ENOENT")
    : error instanceof TrainRefused &&
      (error.code === "tokenizer" || error.code === "language-unavailable");
  if (!absent) return yield* Effect.fail(error);
  const { model } = recipe.stages[0];
  const folder = typeof model === "string" ? yield* onEngine(() => findModel(model)) : model.init;
  const stages = yield* Effect.forEach(
    recipe.stages,
    (stage) => Effect.map(planStage(stage, folder), (memory) => ({ stage, memory })),
  );
  return {
    disk_bytes: diskOf(stages),
    stages: stages.map(({ stage: { method, steps }, memory }) => ({
      method,
      steps,
      memory,
      counts: {} as Readonly<Record<string, number>>,
    })),
  };
});
