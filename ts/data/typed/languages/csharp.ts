import { braces, countingLoop, likeC, type Syntax, typedParameters } from "../syntax.ts";
import type { Type } from "../tree.ts";

const types: Readonly<Record<Type, string>> = {
  int: "int",
  bool: "bool",
  string: "string",
  char: "char",
  "list<int>": "List<int>",
  map: "Dictionary<int, int>",
};

export const csharp: Syntax = {
  ...braces,
  open: (f) => [
    `public static ${types[f.result]} ${f.name}(${typedParameters(f.parameters, types)}) {`,
  ],
  declare: (name, type, value) => `${types[type]} ${name} = ${value}`,
  push: (list, value) => `${list}.Add(${value})`,
  join: (text, value, before) => before ? `${text} = ${value} + ${text}` : `${text} += ${value}`,
  tally: (map, key) => `${map}[${key}] = (${map}.ContainsKey(${key}) ? ${map}[${key}] : 0) + 1`,
  each: (
    item,
    over,
    type,
  ) => [`foreach (${type === "string" ? "char" : "int"} ${item} in ${over}) {`],
  range: countingLoop("int "),
  empty: { string: '""', "list<int>": "new List<int>()", map: "new Dictionary<int, int>()" },
  arithmetic: likeC("Math.Max", "Math.Min"),
  abs: (of, e) => [`Math.Abs(${e(of, 0)})`, 7],
  length: (name, type) => `${name}.${type === "string" ? "Length" : "Count"}`,
  get: (map, key) => [`(${map}.ContainsKey(${key}) ? ${map}[${key}] : 0)`, 7],
};
