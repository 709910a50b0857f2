import { braces, likeC, type Syntax } from "../syntax.ts";
import type { Type } from "../tree.ts";

const types: Readonly<Record<Type, string>> = {
  int: "int",
  bool: "bool",
  string: "string",
  char: "rune",
  "list<int>": "[]int",
  map: "map[int]int",
};

export const go: Syntax = {
  ...braces,
  head: (uses) =>
    uses.has("abs")
      ? ["func abs(x int) int {", "  if x < 0 {", "    return -x", "  }", "  return x", "}"]
      : [],
  end: "",
  open: (f) => [
    `func ${f.name}(${f.parameters.map(({ name, type }) => `${name} ${types[type]}`).join(", ")}) ${
      types[f.result]
    } {`,
  ],
  declare: (name, _type, value) => `${name} := ${value}`,
  push: (list, value) => `${list} = append(${list}, ${value})`,
  join: (text, value, before) =>
    before ? `${text} = string(${value}) + ${text}` : `${text} += string(${value})`,
  tally: (map, key) => `${map}[${key}]++`,
  each: (item, over) => [`for _, ${item} := range ${over} {`],
  eachUnnamed: (over) => `for range ${over} {`,
  range: (item, from, to, e) => `for ${item} := ${from}; ${item} <= ${e(to, 4)}; ${item}++ {`,
  while: (condition) => `for ${condition} {`,
  if: (condition) => `if ${condition} {`,
  empty: { string: '""', "list<int>": "[]int{}", map: "map[int]int{}" },
  arithmetic: likeC("max", "min"),
  abs: (of, e) => [`abs(${e(of, 0)})`, 7],
  length: (name) => `len(${name})`,
  get: (map, key) => [`${map}[${key}]`, 7],
};
