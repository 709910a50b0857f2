import { braces, countingLoop, likeC, type Syntax, typedParameters } from "../syntax.ts";
import type { Type } from "../tree.ts";

const types: Readonly<Record<Type, string>> = {
  int: "int",
  bool: "bool",
  string: "std::string",
  char: "char",
  "list<int>": "std::vector<int>",
  map: "std::map<int, int>",
};
const given = {
  ...types,
  string: "const std::string &",
  "list<int>": "const std::vector<int> &",
};

export const cpp: Syntax = {
  ...braces,
  head: (uses) => [
    ...(uses.has("max") || uses.has("min") ? ["#include <algorithm>"] : []),
    ...(uses.has("abs") ? ["#include <cstdlib>"] : []),
    ...(uses.has("map") ? ["#include <map>"] : []),
    ...(uses.has("string") ? ["#include <string>"] : []),
    ...(uses.has("list<int>") ? ["#include <vector>"] : []),
  ],
  open: (f) => [
    `${types[f.result]} ${f.name}(${typedParameters(f.parameters, given).replaceAll("& ", "&")}) {`,
  ],
  declare: (name, type, value) =>
    value === "" ? `${types[type]} ${name}` : `${types[type]} ${name} = ${value}`,
  push: (list, value) => `${list}.push_back(${value})`,
  join: (text, value, before) => before ? `${text} = ${value} + ${text}` : `${text} += ${value}`,
  tally: (map, key) => `${map}[${key}]++`,
  each: (item, over, type) => [`for (${type === "string" ? "char" : "int"} ${item} : ${over}) {`],
  range: countingLoop("int "),
  empty: { string: "", "list<int>": "", map: "" },
  arithmetic: likeC("std::max", "std::min"),
  abs: (of, e) => [`std::abs(${e(of, 0)})`, 7],
  length: (name) => `(int)${name}.size()`,
  get: (map, key) => [`(${map}.count(${key}) ? ${map}[${key}] : 0)`, 7],
};
