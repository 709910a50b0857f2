import type { Syntax } from "../print.ts";
import { call, callOne, flooredRemainder } from "./idioms.ts";

export const python: Syntax = {
  slips: ["div"],
  variable: (name) => name,
  open: (tree) => [`def ${tree.name}(${tree.parameters.map((p) => p.name).join(", ")}):`],
  close: undefined,
  statement: (text) => text,
  declare: (name, value) => `${name} = ${value}`,
  compound: true,
  each: (item, list) => [`for ${item} in ${list}:`],
  range: (item, first, to, included) => {
    const end = included ? `${to} + 1` : to;
    return `for ${item} in range(${first === "0" ? end : `${first}, ${end}`}):`;
  },
  condition: (condition, then, otherwise) => [
    `if ${condition}:`,
    `  ${then}`,
    ...(otherwise === undefined ? [] : ["else:", `  ${otherwise}`]),
  ],
  comparison: { eq: "==", ne: "!=" },
  max: call("max"),
  min: call("min"),
  abs: callOne("abs"),
  // `//` floors; the slip takes it where truncation is meant.
  div: (left, right, e, slipped) =>
    slipped ? [`${e(left, 2)} // ${e(right, 3)}`, 2] : [`int(${e(left, 2)} / ${e(right, 3)})`, 3],
  mod: flooredRemainder,
};
