import { Schema } from "effect";
import type { DataError } from "../data/mod.ts";
import type { EngineError } from "../rollout/mod.ts";
import type { RecipeError } from "./recipe/error.ts";

/** A run that must not start, or cannot go on; `code` is stable, `message` says what to do. */
export class TrainRefused extends Schema.TaggedError<TrainRefused>()("TrainRefused", {
  code: Schema.Literals([
    "leak",
    "references",
    "too-few-groups",
    "language-unavailable",
    "no-problems",
    "no-rows",
    "row-unusable",
    "too-little-data",
    "stop-token",
    "tokenizer",
    "checkpoint",
    "diverged",
    "disk-full",
  ]),
  message: Schema.String,
}) {}

/** All that a training run can end with but success. */
export type TrainError = TrainRefused | RecipeError | DataError | EngineError;
