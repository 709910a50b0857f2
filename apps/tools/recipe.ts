import { Effect } from "effect";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { formatRecipe, parseRecipe, readRecipe } from "../../ts/train/mod.ts";
import { asUserError, UserError } from "./errors.ts";

/**
 * The recipe that a request names or holds, with every default resolved. A name is that of a file in
 * `recipes/`; a recipe's own paths are relative to the working folder.
 */
export const resolveRequest = Effect.fnUntraced(function* (
  recipe: string | Readonly<Record<string, unknown>>,
  set: Readonly<Record<string, unknown>>,
) {
  const overrides = Object.entries(set) as Parameters<typeof readRecipe>[1];
  if (typeof recipe !== "string") {
    const parsed = yield* Effect.try({
      try: () => parseRecipe(JSON.stringify(recipe), "recipe", overrides),
      catch: asUserError,
    });
    return formatRecipe(parsed);
  }
  const file = recipeFile(recipe);
  if (file === undefined) {
    const message =
      `key "recipe": expected a recipe, or the name of one in recipes/, not "${recipe}"`;
    return yield* new UserError({ code: "bad-value", message });
  }
  return formatRecipe(yield* readRecipe(file, overrides));
});

const recipeFile = (name: string): string | undefined => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return undefined;
  const file = `${name.replace(/\.json$/, "")}.json`;
  const places = [
    `recipes/${file}`,
    fileURLToPath(new URL(`../../recipes/${file}`, import.meta.url)),
  ];
  return places.find(existsSync);
};
