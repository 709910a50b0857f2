import { braces, countingLoop, likeC, type Syntax } from "../syntax.ts";

/** C11. It has no growing strings, lists or maps of its own, so programs that need them are not printed. */
export const c: Syntax = {
  ...braces,
  lacks: new Set(["map", "string result", "list result"]),
  head: (uses) => [
    ...(uses.has("bool") ? ["#include <stdbool.h>"] : []),
    ...(uses.has("string length") ? ["#include <string.h>"] : []),
  ],
  open: (f) => [
    `${f.result === "bool" ? "bool" : "int"} ${f.name}(${
      f.parameters.map(({ name, type }) =>
        type === "list<int>"
          ? `const int *${name}, int ${name}_len`
          : type === "string"
          ? `const char *${name}`
          : `${type === "bool" ? "bool" : "int"} ${name}`
      ).join(", ")
    }) {`,
  ],
  declare: (name, type, value) => `${type === "bool" ? "bool" : "int"} ${name} = ${value}`,
  push: () => "",
  join: () => "",
  tally: () => "",
  each: (item, over, type) =>
    type === "string"
      ? [`for (const char *p = ${over}; *p; p++) {`, `char ${item} = *p;`]
      : [`for (int i = 0; i < ${over}_len; i++) {`, `int ${item} = ${over}[i];`],
  range: countingLoop("int "),
  empty: { string: "", "list<int>": "", map: "" },
  arithmetic: (kind, left, right, e) => {
    if (kind !== "max" && kind !== "min") return likeC("", "")(kind, left, right, e);
    const [a, b] = [e(left, 4), e(right, 4)];
    return [`${a} ${kind === "max" ? ">" : "<"} ${b} ? ${a} : ${b}`, 0];
  },
  abs: (of, e) => [`${e(of, 4)} < 0 ? -${e(of, 7)} : ${e(of, 4)}`, 0],
  length: (name, type) => type === "string" ? `(int)strlen(${name})` : `${name}_len`,
  get: () => ["", 7],
};
