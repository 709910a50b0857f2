import { braces, type Syntax } from "../syntax.ts";
import type { Type } from "../tree.ts";

const types: Readonly<Record<Type, string>> = {
  int: "i64",
  bool: "bool",
  string: "String",
  char: "char",
  "list<int>": "Vec<i64>",
  map: "HashMap<i64, i64>",
};
const given = { ...types, string: "&str", "list<int>": "&[i64]" };

export const rust: Syntax = {
  ...braces,
  head: (uses) => uses.has("map") ? ["use std::collections::HashMap;"] : [],
  open: (f) => [
    `fn ${f.name}(${
      f.parameters.map(({ name, type }) => `${name}: ${given[type]}`).join(", ")
    }) -> ${types[f.result]} {`,
  ],
  rebind: (name) => `let mut ${name} = ${name};`,
  declare: (name, type, value) => `let mut ${name}: ${types[type]} = ${value}`,
  push: (list, value) => `${list}.push(${value})`,
  join: (text, value, before) => before ? `${text}.insert(0, ${value})` : `${text}.push(${value})`,
  tally: (map, key) => `*${map}.entry(${key}).or_insert(0) += 1`,
  each: (item, over, type) =>
    type === "string" ? [`for ${item} in ${over}.chars() {`] : [`for &${item} in ${over}.iter() {`],
  range: (item, from, to, e) => `for ${item} in ${from}..=${e(to, 4)} {`,
  while: (condition) => `while ${condition} {`,
  if: (condition) => `if ${condition} {`,
  empty: { string: "String::new()", "list<int>": "Vec::new()", map: "HashMap::new()" },
  arithmetic: (kind, left, right, e) => {
    switch (kind) {
      case "max":
      case "min":
        return [`std::cmp::${kind}(${e(left, 0)}, ${e(right, 0)})`, 7];
      case "div":
        return [`${e(left, 5)} / ${e(right, 6)}`, 5];
      case "mod":
        return [`${e(left, 7)}.rem_euclid(${e(right, 0)})`, 7];
    }
  },
  abs: (of, e) => [`${e(of, 7)}.abs()`, 7],
  length: (name) => `(${name}.len() as i64)`,
  get: (map, key) => [`*${map}.get(&${key.includes(" ") ? `(${key})` : key}).unwrap_or(&0)`, 6],
};
