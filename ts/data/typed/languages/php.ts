import { braces, countingLoop, likeC, type Syntax } from "../syntax.ts";
import type { Type } from "../tree.ts";

const types: Readonly<Record<Type, string>> = {
  int: "int",
  bool: "bool",
  string: "string",
  char: "string",
  "list<int>": "array",
  map: "array",
};

export const php: Syntax = {
  ...braces,
  variable: (name) => `$${name}`,
  open: (f) => [
    `function ${f.name}(${
      f.parameters.map(({ name, type }) => `${types[type]} $${name}`).join(", ")
    }): ${types[f.result]} {`,
  ],
  declare: (name, _type, value) => `${name} = ${value}`,
  push: (list, value) => `${list}[] = ${value}`,
  join: (text, value, before) => before ? `${text} = ${value} . ${text}` : `${text} .= ${value}`,
  tally: (map, key) => `${map}[${key}] = (${map}[${key}] ?? 0) + 1`,
  each: (item, over, type) => [
    `foreach (${type === "string" ? `str_split(${over})` : over} as ${item}) {`,
  ],
  range: (item, from, to, e) => countingLoop("")(item, from, to, e),
  char: (value) => `"${value}"`,
  empty: { string: '""', "list<int>": "[]", map: "[]" },
  arithmetic: (kind, left, right, e) =>
    kind === "div"
      ? [`intdiv(${e(left, 0)}, ${e(right, 0)})`, 7]
      : likeC("max", "min")(kind, left, right, e),
  abs: (of, e) => [`abs(${e(of, 0)})`, 7],
  comparison: { ...braces.comparison, eq: "===", ne: "!==" },
  same: "===",
  length: (name, type) => type === "string" ? `strlen(${name})` : `count(${name})`,
  get: (map, key) => [`(${map}[${key}] ?? 0)`, 7],
};
