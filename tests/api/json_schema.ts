import fc from "fast-check";

// deno-lint-ignore no-explicit-any -- a JSON Schema, which is any object
export type Schema = Readonly<Record<string, any>>;

/** Values that a schema lets through, sometimes from `known` by the name of their key. */
export const valuesOf = (
  schema: Schema,
  known: Readonly<Record<string, readonly unknown[]>>,
  name = "",
  depth = 0,
): fc.Arbitrary<unknown> => {
  const inner = (each: Schema, key: string) => valuesOf(each, known, key, depth + 1);
  const made = ((): fc.Arbitrary<unknown> => {
    if (Array.isArray(schema["enum"])) return fc.constantFrom(...schema["enum"]);
    if (Array.isArray(schema["anyOf"])) {
      return fc.oneof(...schema["anyOf"].map((each: Schema) => inner(each, name)));
    }
    switch (schema["type"]) {
      case "null":
        return fc.constant(null);
      case "boolean":
        return fc.boolean();
      case "integer":
        return fc.integer({
          min: Math.max(schema["minimum"] ?? -1e9, (schema["exclusiveMinimum"] ?? -1e9) + 1),
          max: Math.min(schema["maximum"] ?? 1e9, 2 ** 31 - 1),
        });
      case "number":
        return fc.double({
          min: schema["minimum"] ?? schema["exclusiveMinimum"] ?? -1e6,
          max: schema["maximum"] ?? 1e6,
          minExcluded: schema["exclusiveMinimum"] !== undefined,
          noNaN: true,
        });
      case "string":
        return fc.string({ minLength: schema["minLength"] ?? 0, unit: "grapheme" });
      case "array": {
        const items = schema["items"] ?? {};
        const first: Schema[] = schema["prefixItems"] ?? [];
        return fc.tuple(
          fc.tuple(...first.map((each) => inner(each, name))),
          fc.array(inner(items, name), { maxLength: Math.min(3, schema["maxItems"] ?? 3) }),
        ).map(([a, b]) => [...a, ...b].slice(0, schema["maxItems"] ?? 10));
      }
      case "object": {
        const properties: Readonly<Record<string, Schema>> = schema["properties"] ?? {};
        const keys = Object.keys(properties);
        if (keys.length === 0) return depth > 3 ? fc.constant({}) : fc.dictionary(fc.string(), ANY);
        const fields = Object.fromEntries(keys.map((key) => [key, inner(properties[key]!, key)]));
        const requiredKeys: string[] = schema["required"] ?? [];
        return fc.record(fields, { requiredKeys });
      }
      default:
        return ANY;
    }
  })();
  const pool = known[name];
  return pool === undefined
    ? made
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...pool) }, { weight: 1, arbitrary: made });
};

const ANY: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 3 });

/** The value with one thing in it made wrong: a key too many or too few, another type, a text of trouble. */
export const spoil = (value: unknown): fc.Arbitrary<unknown> => {
  const wrong = fc.oneof(ANY, fc.constantFrom(...TROUBLE));
  if (Array.isArray(value) && value.length > 0) {
    return fc.nat({ max: value.length - 1 }).chain((i) =>
      spoil(value[i]).map((bad) => value.with(i, bad))
    );
  }
  if (typeof value !== "object" || value === null) return wrong;
  const keys = Object.keys(value);
  const added = fc.tuple(fc.constantFrom(...KEYS), wrong)
    .map(([key, bad]) => ({ ...value, [key]: bad }));
  if (keys.length === 0) return fc.oneof(wrong, added);
  const object = value as Readonly<Record<string, unknown>>;
  const changed = fc.constantFrom(...keys).chain((key) =>
    spoil(object[key]).map((bad) => ({ ...object, [key]: bad }))
  );
  const dropped = fc.constantFrom(...keys).map((key) => {
    const { [key]: _, ...rest } = object;
    return rest;
  });
  return fc.oneof({ weight: 4, arbitrary: changed }, added, dropped, wrong);
};

const KEYS = ["__proto__", "constructor", "toString", "", "id", "ftype", "\0"];

export const TROUBLE: readonly unknown[] = [
  "",
  "\0",
  "../../etc/passwd",
  "/etc/passwd",
  "%00",
  "\ud800",
  "x".repeat(100_000),
  "NaN",
  "1e999",
  "-1",
  -1,
  0,
  -0,
  1e308,
  2 ** 53,
  0.1,
  null,
  true,
  [],
  {},
  [[[[[[]]]]]],
  "{{sample.output_text}}",
  "${7*7}",
  "'; drop table runs; --",
];

/** What is wrong with a value, by its schema; nothing if it is right. */
export const faultOf = (
  schema: Schema,
  value: unknown,
  root: Schema,
  at = "$",
): string | undefined => {
  if (schema["$ref"] !== undefined) {
    const name = String(schema["$ref"]).split("/").at(-1)!;
    return faultOf(root["components"]["schemas"][name], value, root, at);
  }
  if (Array.isArray(schema["anyOf"])) {
    const faults = schema["anyOf"].map((each: Schema) => faultOf(each, value, root, at));
    return faults.includes(undefined) ? undefined : faults.join(" and ");
  }
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value)) {
    return `${at}: ${JSON.stringify(value)} is none of ${JSON.stringify(schema["enum"])}`;
  }
  const type = value === null
    ? "null"
    : Array.isArray(value)
    ? "array"
    : Number.isInteger(value) && schema["type"] === "integer"
    ? "integer"
    : typeof value;
  if (schema["type"] !== undefined && schema["type"] !== type) {
    return `${at}: expected ${schema["type"]}, not ${JSON.stringify(value)?.slice(0, 100)}`;
  }
  if (type === "array") {
    return (value as unknown[]).map((each, i) =>
      faultOf(schema["items"] ?? {}, each, root, `${at}[${i}]`)
    ).find((fault) => fault !== undefined);
  }
  if (type !== "object") return undefined;
  const object = value as Readonly<Record<string, unknown>>;
  const missing = (schema["required"] ?? []).find((key: string) => !Object.hasOwn(object, key));
  if (missing !== undefined) return `${at}: no key "${missing}"`;
  return Object.entries(schema["properties"] ?? {})
    .filter(([key]) => Object.hasOwn(object, key))
    .map(([key, each]) => faultOf(each as Schema, object[key], root, `${at}.${key}`))
    .find((fault) => fault !== undefined);
};
