import { Effect } from "effect";
import { planRecipe, type Recipe } from "../../../ts/train/mod.ts";
import { renderTable } from "../../../ts/evaluate/mod.ts";
import { printJson, writeOut } from "../output.ts";

/** What a run would need, part by part; nothing is allocated. */
export const printPlan = Effect.fnUntraced(function* (recipe: Recipe, json: boolean) {
  const plans = yield* planRecipe(recipe);
  if (json) {
    return yield* printJson({
      memory_bytes: Math.max(...plans.map(({ memory }) => memory.total_bytes)),
      steps: recipe.steps,
      stages: plans.map(({ method, memory, counts }) => ({ method, memory, counts })),
    });
  }
  for (const { stage, stages, method, memory, counts } of plans) {
    const facts = Object.entries(counts).map(([name, count]) => [name, String(count)]);
    const parts = Object.entries(memory.parts).map(([name, bytes]) => [name, mebibytes(bytes)]);
    const title = stages > 1 ? `stage ${stage + 1} of ${stages}: ${method}` : method;
    yield* writeOut(
      renderTable([{ title }, { title: "", align: "right" }], [
        ...facts,
        ...parts,
        ["GPU memory in all", mebibytes(memory.total_bytes)],
      ]) + "\n",
    );
  }
});

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
