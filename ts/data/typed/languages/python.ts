import { plainCall, symbols, type Syntax } from "../syntax.ts";

export const python: Syntax = {
  lacks: new Set(),
  head: () => [],
  variable: (name) => name,
  open: (f) => [`def ${f.name}(${f.parameters.map(({ name }) => name).join(", ")}):`],
  close: undefined,
  end: "",
  declare: (name, _type, value) => `${name} = ${value}`,
  assign: (name, value) => `${name} = ${value}`,
  push: (list, value) => `${list}.append(${value})`,
  join: (text, value, before) => before ? `${text} = ${value} + ${text}` : `${text} += ${value}`,
  tally: (map, key) => `${map}[${key}] = ${map}.get(${key}, 0) + 1`,
  each: (item, over) => [`for ${item} in ${over}:`],
  range: (item, from, to, e) => `for ${item} in range(${from}, ${e(to, 4)} + 1):`,
  while: (condition) => `while ${condition}:`,
  if: (condition) => `if ${condition}:`,
  else: "else:",
  bool: (value) => value ? "True" : "False",
  char: (value) => `"${value}"`,
  empty: { string: '""', "list<int>": "[]", map: "{}" },
  arithmetic: (kind, left, right, e) =>
    kind === "div"
      ? [`int(${e(left, 5)} / ${e(right, 6)})`, 7]
      : kind === "mod"
      ? [`${e(left, 5)} % ${e(right, 6)}`, 5]
      : [`${kind}(${e(left, 0)}, ${e(right, 0)})`, 7],
  abs: (of, e) => [`abs(${e(of, 0)})`, 7],
  comparison: symbols,
  same: "==",
  and: "and",
  or: "or",
  not: "not ",
  length: (name) => `len(${name})`,
  get: (map, key) => [`${map}.get(${key}, 0)`, 7],
  call: plainCall,
};
