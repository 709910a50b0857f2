import type { Syntax } from "../print.ts";
import { call, callOne, flooredRemainder } from "./idioms.ts";

export const lua: Syntax = {
  slips: ["div", "bound"],
  variable: (name) => name,
  open: (tree) => [`function ${tree.name}(${tree.parameters.map((p) => p.name).join(", ")})`],
  close: "end",
  statement: (text) => text,
  declare: (name, value) => `local ${name} = ${value}`,
  compound: false,
  each: (item, list) => [`for _, ${item} in ipairs(${list}) do`],
  range: (item, first, to, included) => `for ${item} = ${first}, ${included ? to : `${to} - 1`} do`,
  condition: (condition, then, otherwise) => [
    `if ${condition} then ${then}${otherwise === undefined ? "" : ` else ${otherwise}`} end`,
  ],
  comparison: { eq: "==", ne: "~=" },
  max: call("math.max"),
  min: call("math.min"),
  abs: callOne("math.abs"),
  // `//` floors; taking C's remainder away first leaves an exact quotient.
  div: (left, right, e, slipped) =>
    slipped
      ? [`${e(left, 2)} // ${e(right, 3)}`, 2]
      : [`(${e(left, 1)} - math.fmod(${e(left, 0)}, ${e(right, 0)})) // ${e(right, 3)}`, 2],
  mod: flooredRemainder,
};
