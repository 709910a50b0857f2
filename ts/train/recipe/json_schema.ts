import { Schema } from "effect";
import { Frame, Stage } from "./schema.ts";

type Json = Record<string, unknown>;

/** The JSON Schema of a recipe, for editors: the stage's keys, the frame's, and `stages` of parts of them. */
export const recipeJsonSchema = (): Json => {
  const stage = strict(Schema.toJsonSchemaDocument(Stage).schema) as Json;
  const frame = strict(Schema.toJsonSchemaDocument(Frame).schema) as Json;
  const stages = {
    type: "array",
    minItems: 1,
    items: withoutRequired(stage),
    description:
      "Parts of a recipe laid over it, one after the other; each goes on with the model before",
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Calque recipe",
    type: "object",
    properties: { ...frame["properties"] as Json, ...stage["properties"] as Json, stages },
    // With stages, a required key may stand in them alone.
    anyOf: [{ required: stage["required"] }, { required: ["stages"] }],
    additionalProperties: false,
  };
};

/** Unknown keys are errors. */
const strict = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(strict);
  if (typeof json !== "object" || json === null) return json;
  const entries = Object.entries(json).map(([key, value]) => [key, strict(value)]);
  const copy = Object.fromEntries(entries);
  return copy["type"] === "object" ? { ...copy, additionalProperties: false } : copy;
};

const withoutRequired = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(withoutRequired);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).filter(([key, value]) => key !== "required" || !Array.isArray(value))
      .map(([key, value]) => [key, withoutRequired(value)]),
  );
};

export const schemaFile: URL = new URL("../../../recipes/schema.json", import.meta.url);

export const formatSchema = (): string => JSON.stringify(recipeJsonSchema(), null, 2) + "\n";
