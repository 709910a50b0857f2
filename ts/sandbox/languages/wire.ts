import { Buffer } from "node:buffer";
import type { Json } from "../json.ts";
import type { Call } from "./language.ts";

/**
 * The arguments of all cases as lines that any language can read without a library: first the mark, then the number of the
 * first case, then one list of argument lists. A value is `n`, `t`, `f`, `i` and its digits, `d` and a decimal, `s` and
 * its UTF-8 in hexadecimal, `[` and a length with that many values behind it, or `{` and a length with as many keys and
 * values. So built programs know nothing of the cases, and one build serves all of them.
 */
export const wireOf = ({ mark, first, cases }: Call): string =>
  [mark, String(first), ...lines(cases)].join("\n") + "\n";

const lines = (value: Json): string[] => {
  if (value === null) return ["n"];
  switch (typeof value) {
    case "boolean":
      return [value ? "t" : "f"];
    case "bigint":
      return [`i${value}`];
    case "number":
      // Doubles beyond the safe integers print as 1e+21.
      return [Number.isSafeInteger(value) ? `i${value}` : `d${value}`];
    case "string":
      return [`s${Buffer.from(value.toWellFormed(), "utf8").toString("hex")}`];
  }
  if (Array.isArray(value)) {
    return [`[${value.length}`, ...value.flatMap((each) => lines(each as Json))];
  }
  const entries = Object.entries(value);
  return [
    `{${entries.length}`,
    ...entries.flatMap(([key, each]) => [...lines(key), ...lines(each)]),
  ];
};
