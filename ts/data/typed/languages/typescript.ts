import type { Type } from "../tree.ts";
import type { Syntax } from "../syntax.ts";
import { javascript } from "./javascript.ts";

const types: Readonly<Record<Type, string>> = {
  int: "number",
  bool: "boolean",
  string: "string",
  char: "string",
  "list<int>": "number[]",
  map: "Map<number, number>",
};

export const typescript: Syntax = {
  ...javascript,
  open: (f) => [
    `function ${f.name}(${
      f.parameters.map(({ name, type }) => `${name}: ${types[type]}`).join(", ")
    }): ${types[f.result]} {`,
  ],
  // The first value tells the type of all but what starts empty.
  declare: (name, type, value) =>
    type === "list<int>" ? `let ${name}: ${types[type]} = ${value}` : `let ${name} = ${value}`,
  empty: { ...javascript.empty, map: "new Map<number, number>()" },
};
