/** Training: recipes in, events out. */
export { type Chat, type Message, readChat } from "./chat.ts";
export type { TrainError } from "./errors.ts";
export { TrainRefused } from "./errors.ts";
export type { Evaluation, Metrics, RolloutRow, TrainEvent } from "./events.ts";
export { RecipeError } from "./recipe/error.ts";
export { recipeJsonSchema } from "./recipe/json_schema.ts";
export { type Json, parseOverride } from "./recipe/override.ts";
export { formatRecipe, parseRecipe, readRecipe, type Recipe } from "./recipe/parse.ts";
export type { Stage } from "./recipe/schema.ts";
export { planMissing } from "./plan.ts";
export { type Replay, replay, type ReplayedToken } from "./replay.ts";
export { train, type TrainOptions } from "./train.ts";
