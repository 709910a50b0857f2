import { Effect, Result, Schema } from "effect";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { RecipeError } from "./error.ts";
import { isObject, type Json, merge, override } from "./override.ts";
import { inconsistency, locate, settle } from "./resolve.ts";
import { Frame, Stage } from "./schema.ts";

/** A recipe with every default resolved; one without `stages` is a single stage. */
export interface Recipe {
  readonly name: string;
  readonly comment?: string;
  /** Each goes on with the model that the one before made. */
  readonly stages: readonly [Stage, ...Stage[]];
  /** Of all stages. */
  readonly steps: number;
}

/** Reads a recipe and finds its files: relative to the working folder, the recipe's, or the one above it. */
export const readRecipe = Effect.fn("readRecipe")(
  function* (file: string, overrides: readonly (readonly [string, Json])[] = []) {
    const text = yield* Effect.tryPromise({
      try: () => readFile(file, "utf8"),
      catch: (error) =>
        new RecipeError({
          file,
          key: "",
          expected: `expected a readable recipe; ${(error as Error).message}`,
        }),
    });
    return yield* Effect.try({
      try: (): Recipe => {
        const recipe = parseRecipe(text, file, overrides);
        const folder = dirname(resolve(file));
        const places = [resolve("."), folder, dirname(folder)];
        const find = (path: string): string =>
          places.map((place) => resolve(place, path)).find(existsSync) ?? path;
        const [first, ...rest] = recipe.stages;
        return { ...recipe, stages: [locate(first, find), ...rest.map((s) => locate(s, find))] };
      },
      catch: (error) => {
        if (error instanceof RecipeError) return error;
        throw error;
      },
    });
  },
);

/** @throws RecipeError that names file, key and what was expected. */
export const parseRecipe = (
  text: string,
  file: string,
  overrides: readonly (readonly [string, Json])[] = [],
): Recipe => {
  const fail = (key: string, expected: string): never => {
    throw new RecipeError({ file, key, expected });
  };
  let json: Json;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail("", `expected JSON; ${(error as Error).message}`);
  }
  if (!isObject(json)) return fail("", "expected a JSON object");
  for (const [path, value] of overrides) json = override(json, path, value);
  const { stages, $schema: _, comment, name, ...base } = json as Record<string, Json>;
  const frame = decode(
    Frame,
    { ...optional("comment", comment), ...optional("name", name) },
    file,
    "",
  );
  if (stages !== undefined && (!Array.isArray(stages) || stages.length === 0)) {
    return fail("stages", "expected a list of at least one stage");
  }
  const parts = stages as readonly Json[] | undefined ?? [undefined];
  const [first, ...rest] = parts.map((part, i): Stage => {
    const prefix = part === undefined ? "" : `stages.${i}.`;
    if (part !== undefined && !isObject(part)) return fail(`stages.${i}`, "expected an object");
    const merged = part === undefined ? base : merge(base, part);
    const stage = settle(decode(Stage, merged, file, prefix));
    const fault = inconsistency(stage);
    return fault === undefined ? stage : fail(prefix + fault.key, fault.expected);
  });
  const all: [Stage, ...Stage[]] = [first!, ...rest];
  return {
    name: frame.name ?? basename(file).replace(/\.json$/, ""),
    ...optional("comment", frame.comment),
    stages: all,
    steps: all.reduce((sum, stage) => sum + stage.steps, 0),
  };
};

/** What `recipe.json` of a run holds: `parseRecipe` of it gives the same recipe. */
export const formatRecipe = (recipe: Recipe): Readonly<Record<string, unknown>> => {
  const { name, comment, stages, steps } = recipe;
  const frame = { name, ...optional("comment", comment) };
  const [first, ...rest] = stages;
  if (rest.length === 0) return { ...frame, ...first };
  const { method, seed } = first;
  return { ...frame, method, seed, steps, stages };
};

const decode = <S extends Schema.Top & { readonly DecodingServices: never }>(
  schema: S,
  json: unknown,
  file: string,
  prefix: string,
): S["Type"] => {
  const decoded = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })(json);
  if (Result.isSuccess(decoded)) return decoded.success;
  // A union answers with a fault for each of its members; the first is of the one that fits best.
  const [what = "", where = ""] = decoded.failure.message.split("\n");
  const key = where.replace("  at ", "").trim().replace(/^\[|\]$/g, "").split("][")
    .map((part) => part.replace(/^"|"$/g, "")).join(".");
  const expected = what === "Missing key"
    ? "is missing"
    : what === "Expected no excess property"
    ? "is not a known key; expected one of the schema's (recipes/schema.json)"
    : what.charAt(0).toLowerCase() + what.slice(1);
  throw new RecipeError({ file, key: prefix + key, expected });
};

const optional = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
