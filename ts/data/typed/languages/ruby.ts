import { plainCall, symbols, type Syntax } from "../syntax.ts";

export const ruby: Syntax = {
  lacks: new Set(),
  head: () => [],
  variable: (name) => name,
  open: (f) => [`def ${f.name}(${f.parameters.map(({ name }) => name).join(", ")})`],
  close: "end",
  end: "",
  // A literal may be shared; what grows must be its own.
  declare: (name, type, value) => `${name} = ${type === "string" ? "+" : ""}${value}`,
  assign: (name, value) => `${name} = ${value}`,
  push: (list, value) => `${list} << ${value}`,
  join: (text, value, before) => before ? `${text} = ${value} + ${text}` : `${text} += ${value}`,
  tally: (map, key) => `${map}[${key}] += 1`,
  each: (item, over, type) => [
    type === "string" ? `${over}.each_char do |${item}|` : `${over}.each do |${item}|`,
  ],
  range: (item, from, to, e) => `(${from}..${e(to, 5)}).each do |${item}|`,
  while: (condition) => `while ${condition}`,
  if: (condition) => `if ${condition}`,
  else: "else",
  bool: String,
  char: (value) => `"${value}"`,
  empty: { string: '""', "list<int>": "[]", map: "Hash.new(0)" },
  arithmetic: (kind, left, right, e) =>
    kind === "div"
      ? [`${e(left, 7)}.fdiv(${e(right, 0)}).truncate`, 7]
      : kind === "mod"
      ? [`${e(left, 5)} % ${e(right, 6)}`, 5]
      : [`[${e(left, 0)}, ${e(right, 0)}].${kind}`, 7],
  abs: (of, e) => [`${e(of, 7)}.abs`, 7],
  comparison: symbols,
  same: "==",
  and: "&&",
  or: "||",
  not: "!",
  length: (name, type) => `${name}.${type === "map" ? "size" : "length"}`,
  get: (map, key) => [`${map}[${key}]`, 7],
  call: plainCall,
};
