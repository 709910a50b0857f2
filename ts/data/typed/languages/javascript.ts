import { braces, countingLoop, likeC, type Syntax } from "../syntax.ts";

export const javascript: Syntax = {
  ...braces,
  open: (f) => [`function ${f.name}(${f.parameters.map(({ name }) => name).join(", ")}) {`],
  declare: (name, _type, value) => `let ${name} = ${value}`,
  push: (list, value) => `${list}.push(${value})`,
  join: (text, value, before) => before ? `${text} = ${value} + ${text}` : `${text} += ${value}`,
  tally: (map, key) => `${map}.set(${key}, (${map}.get(${key}) ?? 0) + 1)`,
  each: (item, over) => [`for (const ${item} of ${over}) {`],
  range: countingLoop("let "),
  char: (value) => `"${value}"`,
  empty: { string: '""', "list<int>": "[]", map: "new Map()" },
  arithmetic: (kind, left, right, e) =>
    kind === "div"
      ? [`Math.trunc(${e(left, 5)} / ${e(right, 6)})`, 7]
      : likeC("Math.max", "Math.min")(kind, left, right, e),
  abs: (of, e) => [`Math.abs(${e(of, 0)})`, 7],
  comparison: { ...braces.comparison, eq: "===", ne: "!==" },
  same: "===",
  length: (name, type) => `${name}.${type === "map" ? "size" : "length"}`,
  get: (map, key) => [`(${map}.get(${key}) ?? 0)`, 7],
};
