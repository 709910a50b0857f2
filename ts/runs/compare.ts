import { layout } from "./layout.ts";
import { readObject, type Run } from "./run.ts";

/** Two or more runs beside each other: where their recipes differ, and what came out. */
export interface RunComparison {
  readonly runs: readonly Run[];
  /** Dotted keys of the recipes that do not agree, with each run's value in the order of `runs`. */
  readonly differences: readonly { readonly key: string; readonly values: readonly unknown[] }[];
}

export const compareRuns = async (runs: readonly Run[]): Promise<RunComparison> => {
  const recipes = await Promise.all(
    runs.map(async (run) => flatten(await readObject(layout(run.folder).recipe) ?? {})),
  );
  const keys = [...new Set(recipes.flatMap((recipe) => [...recipe.keys()]))].sort();
  const differences = keys
    .map((key) => ({ key, values: recipes.map((recipe) => recipe.get(key) ?? null) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
  return { runs, differences };
};

const flatten = (value: object, prefix = ""): Map<string, unknown> => {
  const flat = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value)) {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) {
      for (const [deep, leaf] of flatten(inner, path)) flat.set(deep, leaf);
    } else flat.set(path, inner);
  }
  return flat;
};
