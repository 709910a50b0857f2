import { Schema } from "effect";

/** A recipe that cannot be followed; one line that names file, key and what was expected. */
export class RecipeError extends Schema.TaggedError<RecipeError>()("RecipeError", {
  file: Schema.String,
  /** Dotted path, empty for the file itself. */
  key: Schema.String,
  expected: Schema.String,
}) {
  override get message(): string {
    return `${this.file}${this.key === "" ? "" : `: key "${this.key}"`}: ${this.expected}`;
  }
}
