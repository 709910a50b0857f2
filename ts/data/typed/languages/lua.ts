import { plainCall, symbols, type Syntax } from "../syntax.ts";

export const lua: Syntax = {
  lacks: new Set(),
  // Lua's length is of sequences only: how many keys a table holds is counted.
  head: (uses) =>
    uses.has("map length")
      ? [
        "local function size(t)",
        "  local n = 0",
        "  for _ in pairs(t) do n = n + 1 end",
        "  return n",
        "end",
      ]
      : [],
  variable: (name) => name,
  open: (f) => [`function ${f.name}(${f.parameters.map(({ name }) => name).join(", ")})`],
  close: "end",
  end: "",
  lacksCompound: true,
  declare: (name, _type, value) => `local ${name} = ${value}`,
  assign: (name, value) => `${name} = ${value}`,
  push: (list, value) => `table.insert(${list}, ${value})`,
  join: (text, value, before) =>
    before ? `${text} = ${value} .. ${text}` : `${text} = ${text} .. ${value}`,
  tally: (map, key) => `${map}[${key}] = (${map}[${key}] or 0) + 1`,
  each: (item, over, type) => [
    type === "string"
      ? `for ${item} in ${over}:gmatch(".") do`
      : `for _, ${item} in ipairs(${over}) do`,
  ],
  range: (item, from, to, e) => `for ${item} = ${from}, ${e(to, 0)} do`,
  while: (condition) => `while ${condition} do`,
  if: (condition) => `if ${condition} then`,
  else: "else",
  bool: String,
  char: (value) => `"${value}"`,
  empty: { string: '""', "list<int>": "{}", map: "{}" },
  arithmetic: (kind, left, right, e) =>
    kind === "div"
      // `//` floors; taking C's remainder away first leaves an exact quotient.
      ? [`(${e(left, 4)} - math.fmod(${e(left, 0)}, ${e(right, 0)})) // ${e(right, 6)}`, 5]
      : kind === "mod"
      ? [`${e(left, 5)} % ${e(right, 6)}`, 5]
      : [`math.${kind}(${e(left, 0)}, ${e(right, 0)})`, 7],
  abs: (of, e) => [`math.abs(${e(of, 0)})`, 7],
  comparison: { ...symbols, ne: "~=" },
  same: "==",
  and: "and",
  or: "or",
  not: "not ",
  length: (name, type) => type === "map" ? `size(${name})` : `#${name}`,
  get: (map, key) => [`(${map}[${key}] or 0)`, 7],
  call: plainCall,
};
