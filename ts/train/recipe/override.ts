import { RecipeError } from "./error.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** `path.to.key=value`: the value as JSON where it is JSON, else as text. */
export const parseOverride = (text: string): readonly [path: string, value: Json] => {
  const at = text.indexOf("=");
  if (at <= 0) {
    throw new RecipeError({
      file: "--set",
      key: text,
      expected: "expected path.to.key=value",
    });
  }
  const raw = text.slice(at + 1);
  return [text.slice(0, at), jsonOr(raw)];
};

/** A copy of `json` with the value at a dotted path replaced; missing objects on the way are made. */
export const override = (json: Json, path: string, value: Json): Json => {
  const [key, ...rest] = path.split(".") as [string, ...string[]];
  const inner = (old: Json | undefined): Json =>
    rest.length === 0 ? value : override(old ?? {}, rest.join("."), value);
  if (Array.isArray(json)) {
    const index = Number(key);
    if (!Number.isInteger(index) || index < 0 || index >= json.length) {
      throw new RecipeError({
        file: "--set",
        key: path,
        expected: `expected an index below ${json.length} of the list`,
      });
    }
    return json.map((old, i) => i === index ? inner(old) : old);
  }
  if (key === "" || typeof json !== "object" || json === null) {
    throw new RecipeError({ file: "--set", key: path, expected: "expected the path of a key" });
  }
  const object = json as JsonObject;
  return { ...object, [key]: inner(Object.hasOwn(object, key) ? object[key] : undefined) };
};

/** `part` over `base`, object by object; lists and values are replaced whole. */
export const merge = (base: Json | undefined, part: Json): Json => {
  if (!isObject(base) || !isObject(part)) return part;
  const merged: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(part)) {
    merged[key] = merge(Object.hasOwn(base, key) ? base[key] : undefined, value);
  }
  return merged;
};

export const isObject = (json: unknown): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

const jsonOr = (text: string): Json => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
