import type { Syntax } from "../print.ts";
import { correctedRemainder, countingLoop, ternary, unbraced } from "./idioms.ts";

const variable = (name: string): string => name;

/** C11 without headers: a list is a pointer and its `_len`, absolute values and extrema are ternaries. */
export const c: Syntax = {
  slips: ["mod"],
  variable,
  open: (tree) => [
    `int ${tree.name}(${
      tree.parameters.map((p) =>
        p.type === "int" ? `int ${p.name}` : `const int *${p.name}, int ${p.name}_len`
      ).join(", ")
    }) {`,
  ],
  close: "}",
  statement: (text) => `${text};`,
  declare: (name, value) => `int ${name} = ${value}`,
  compound: true,
  each: (item, list) => [
    `for (int i = 0; i < ${list}_len; i++) {`,
    `int ${item} = ${list}[i];`,
  ],
  range: countingLoop("int ", variable),
  condition: unbraced,
  comparison: { eq: "==", ne: "!=" },
  max: ternary(">"),
  min: ternary("<"),
  abs: (of, e) => [`${e(of, 1)} < 0 ? -${e(of, 3)} : ${e(of, 1)}`, 0],
  div: (left, right, e) => [`${e(left, 2)} / ${e(right, 3)}`, 2],
  mod: correctedRemainder,
};
