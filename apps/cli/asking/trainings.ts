import { Effect } from "effect";
import type { Comparison, Trained } from "../../../ts/evaluate/mod.ts";
import { layout, type Run } from "../../../ts/runs/mod.ts";
import { readRecipe, type Recipe } from "../../../ts/train/mod.ts";
import { readComparisons } from "../training/report.ts";

/** A run with the samples of its evaluations. */
export interface Training {
  readonly run: Run;
  /** `undefined` where the recipe is of another version, and so tells nothing. */
  readonly recipe: Recipe | undefined;
  readonly trained: readonly string[];
  /** One a temperature that was measured before and after. */
  readonly comparisons: readonly Comparison[];
}

export const trainingOf = Effect.fnUntraced(function* (run: Run) {
  const recipe = yield* readRecipe(layout(run.folder).recipe).pipe(
    Effect.orElseSucceed((): Recipe | undefined => undefined),
  );
  const comparisons = yield* Effect.promise(() => readComparisons(run.folder));
  const trained = recipe === undefined ? [] : trainedLanguages(recipe);
  return { run, recipe, trained, comparisons } satisfies Training as Training;
});

/** A training's samples at one temperature, for the transfer matrix; none if it was not measured. */
export const atTemperature = (training: Training, temperature: number): Trained | undefined => {
  const found = training.comparisons.find((one) => one.temperature === temperature);
  return found && { name: training.run.id, trained: training.trained, ...found };
};

/**
 * Languages whose programs were rewarded. Where nothing was: those that a mixture shows. Rows of data name
 * no language, so a run on them alone has none.
 */
export const trainedLanguages = ({ stages }: Recipe): string[] => {
  const rewarded = stages.filter(({ method }) => method === "rl" || method === "oorl")
    .flatMap(({ rollout }) => rollout?.targets ?? []);
  const shown = stages.flatMap(({ data }) =>
    data?.mixture === undefined
      ? []
      : (data.languages ?? []).slice(0, data.mixture === "source-only" ? 1 : undefined)
  );
  return [...new Set(rewarded.length > 0 ? rewarded : shown)];
};
