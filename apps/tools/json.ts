/**
 * JSON with exact integers: those beyond 2^53 become `bigint`, so that a test's expected result keeps
 * every digit on its way through. (The sandbox has its own: that room is heavy, and `--help` must not
 * load it.)
 */
export const parseExact = (text: string): unknown =>
  JSON.parse(text, keepDigits as (this: unknown, key: string, value: unknown) => unknown);

/** The other way: `bigint` is written as an integer. */
export const stringifyExact = (value: unknown, space?: number): string =>
  JSON.stringify(
    value,
    (_key, inner) => typeof inner === "bigint" ? rawJson(inner.toString()) : inner,
    space,
  );

// The third argument and rawJSON are in the language (proposal-json-parse-with-source) but not yet in
// TypeScript's library.
const keepDigits = (
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && context?.source !== undefined &&
    /^-?\d+$/.test(context.source)
    ? BigInt(context.source)
    : value;

const rawJson = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON;
