import { braces, countingLoop, likeC, type Syntax, typedParameters } from "../syntax.ts";
import type { Type } from "../tree.ts";

const types: Readonly<Record<Type, string>> = {
  int: "int",
  bool: "boolean",
  string: "String",
  char: "char",
  "list<int>": "List<Integer>",
  map: "Map<Integer, Integer>",
};

export const java: Syntax = {
  ...braces,
  head: (uses) =>
    [
      ...(uses.has("list<int>") ? ["ArrayList", "List"] : []),
      ...(uses.has("map") ? ["HashMap", "Map"] : []),
    ].map((name) => `import java.util.${name};`),
  open: (f) => [`static ${types[f.result]} ${f.name}(${typedParameters(f.parameters, types)}) {`],
  declare: (name, type, value) => `${types[type]} ${name} = ${value}`,
  push: (list, value) => `${list}.add(${value})`,
  join: (text, value, before) => before ? `${text} = ${value} + ${text}` : `${text} += ${value}`,
  tally: (map, key) => `${map}.merge(${key}, 1, Integer::sum)`,
  each: (item, over, type) => [
    type === "string"
      ? `for (char ${item} : ${over}.toCharArray()) {`
      : `for (int ${item} : ${over}) {`,
  ],
  range: countingLoop("int "),
  empty: { string: '""', "list<int>": "new ArrayList<>()", map: "new HashMap<>()" },
  arithmetic: (kind, left, right, e) =>
    kind === "mod"
      ? [`Math.floorMod(${e(left, 0)}, ${e(right, 0)})`, 7]
      : likeC("Math.max", "Math.min")(kind, left, right, e),
  abs: (of, e) => [`Math.abs(${e(of, 0)})`, 7],
  length: (name, type) => `${name}.${type === "string" ? "length" : "size"}()`,
  get: (map, key) => [`${map}.getOrDefault(${key}, 0)`, 7],
};
