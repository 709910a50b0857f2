/** JSON as programs in any language may write it: an integer keeps every digit, whatever its size. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** `JSON.parse`, but an integer that a double cannot hold becomes a `bigint`. Throws a `SyntaxError`. */
export const parseJson = (text: string): Json =>
  JSON.parse(
    text,
    function (this: unknown, _key, value, context?: { source?: string }) {
      const source = context?.source;
      return typeof value === "number" && source !== undefined && !Number.isSafeInteger(value) &&
          /^-?[0-9]+$/.test(source)
        ? BigInt(source)
        : value;
    } as (key: string, value: unknown) => unknown,
  ) as Json;

export const printJson = (value: Json): string =>
  JSON.stringify(
    value,
    (_key, each) => typeof each === "bigint" ? rawJson(each.toString()) : each,
  );

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** How a language's values stand to JSON's. */
export interface Looseness {
  /** It has no booleans of its own: 1 and 0 (and "1", "") stand for them. */
  readonly booleans?: boolean;
  /** Its scalars know no type: "5" is 5. */
  readonly scalars?: boolean;
  /** Its results are text: the words of a list, one after the other. */
  readonly words?: boolean;
  /** A value stands for a list of that value alone, and nothing for an empty list. */
  readonly singles?: boolean;
  /** The elements of a list may stand in any order. */
  readonly order?: boolean;
  /** How far a number that is no integer may be away, relative above 1 and absolute below; 1e-6 where absent. */
  readonly tolerance?: number;
  /** One empty container stands for [] and {}, and keys are text. */
  readonly containers?: boolean;
}

/**
 * Is the result what was expected? Integers by every digit; where either is no integer, to a tolerance relative above 1
 * and absolute below. NaN and infinities equal nothing.
 */
export const sameJson = (actual: Json, expected: Json, loose: Looseness = {}): boolean => {
  if (expected === null) return actual === null;
  switch (typeof expected) {
    case "boolean":
      if (typeof actual === "boolean") return actual === expected;
      if (!loose.booleans && !loose.scalars) return false;
      return expected
        ? actual === 1 || actual === "1"
        : actual === 0 || actual === "" || actual === "0" ||
          (loose.scalars === true && actual === null);
    case "string":
      return loose.scalars === true && (typeof actual === "number" || typeof actual === "bigint")
        ? String(actual) === expected
        : actual === expected;
    case "number":
    case "bigint": {
      const number = loose.scalars === true && typeof actual === "string"
        ? numberOf(actual)
        : actual;
      return (typeof number === "number" || typeof number === "bigint") &&
        sameNumber(number, expected, loose.tolerance ?? 1e-6);
    }
  }
  if (Array.isArray(expected)) {
    if (loose.words && typeof actual === "string") {
      const words = actual.split(/\s+/).filter((word) => word !== "");
      return words.length === expected.length &&
        expected.every((each, at) => sameJson(words[at] as string, each as Json, loose));
    }
    if (loose.containers && expected.length === 0 && isEmpty(actual)) return true;
    if (loose.singles && !Array.isArray(actual)) {
      return expected.length === 0
        ? actual === null
        : expected.length === 1 && sameJson(actual, expected[0] as Json, loose);
    }
    if (loose.order && Array.isArray(actual)) return sameElements(actual, expected, loose);
    return Array.isArray(actual) && actual.length === expected.length &&
      expected.every((each, at) => sameJson(actual[at] as Json, each as Json, loose));
  }
  const wanted = expected as { readonly [key: string]: Json };
  if (loose.containers && Object.keys(wanted).length === 0 && isEmpty(actual)) return true;
  if (actual === null || typeof actual !== "object" || Array.isArray(actual)) return false;
  const given = actual as { readonly [key: string]: Json };
  const keys = Object.keys(wanted);
  return Object.keys(given).length === keys.length &&
    keys.every((key) =>
      Object.hasOwn(given, key) && sameJson(given[key] as Json, wanted[key] as Json, loose)
    );
};

/** Every element has one of its own among the expected ones. */
const sameElements = (actual: Json[], expected: Json[], loose: Looseness): boolean => {
  const rest = [...expected];
  return actual.length === expected.length && actual.every((each) => {
    const at = rest.findIndex((other) => sameJson(each, other, loose));
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
};

const sameNumber = (a: number | bigint, b: number | bigint, tolerance: number): boolean => {
  const isInteger = (n: number | bigint) => typeof n === "bigint" || Number.isSafeInteger(n);
  if (isInteger(a) && isInteger(b)) return BigInt(a) === BigInt(b);
  const [x, y] = [Number(a), Number(b)];
  return Number.isFinite(x) && Number.isFinite(y) &&
    Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y));
};

const numberOf = (text: string): number | bigint | undefined => {
  if (/^[+-]?[0-9]+$/.test(text)) {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text.replace(/^\+/, ""));
  }
  return /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text) ? Number(text) : undefined;
};

const isEmpty = (value: Json): boolean =>
  value !== null && typeof value === "object" && Object.keys(value).length === 0;
