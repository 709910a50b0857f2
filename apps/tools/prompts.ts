import { Effect } from "effect";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseRecipe, readRecipe, type Stage } from "../../ts/train/mod.ts";
import { asUserError } from "./errors.ts";

/**
 * The prompts that a model was trained with: those of the recipe that is named, of `prompts.json` in the
 * model's folder, or of the run that the folder lies in; plain words if there are none.
 */
export const promptsOf = Effect.fnUntraced(function* (model: string, recipe: string | undefined) {
  const beside = join(dirname(resolve(model)), "recipe.json");
  const own = join(model, "prompts.json");
  if (recipe === undefined && existsSync(own)) {
    return yield* Effect.tryPromise({
      try: async () => promptsIn(await readFile(own, "utf8"), own),
      catch: asUserError,
    });
  }
  const file = recipe ?? (existsSync(beside) ? beside : undefined);
  if (file === undefined) return promptsIn("{}", "");
  const { stages } = yield* readRecipe(file);
  const found = stages.findLast((stage) => stage.rollout !== undefined)?.rollout?.prompts;
  return found ?? promptsIn("{}", file);
});

/** Templates of prompts, and how a completion is read: a part of a recipe. */
export type Prompts = NonNullable<Stage["rollout"]>["prompts"];

/** Prompts are part of a recipe, so a recipe's reader settles their defaults and names their faults. */
const promptsIn = (text: string, file: string): Prompts => {
  const recipe = {
    method: "rl",
    model: "model",
    steps: 1,
    optimizer: { lr: 1 },
    rollout: { tasks: "tasks", kind: "generation", targets: ["any"], prompts: JSON.parse(text) },
  };
  return parseRecipe(JSON.stringify(recipe), file).stages[0].rollout!.prompts;
};
