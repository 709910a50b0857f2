import type { Syntax } from "../print.ts";
import { call, callOne, correctedRemainder, countingLoop, unbraced } from "./idioms.ts";

const variable = (name: string): string => name;

export const javascript: Syntax = {
  slips: ["mod", "div"],
  variable,
  open: (tree) => [`function ${tree.name}(${tree.parameters.map((p) => p.name).join(", ")}) {`],
  close: "}",
  statement: (text) => `${text};`,
  declare: (name, value) => `let ${name} = ${value}`,
  compound: true,
  each: (item, list) => [`for (const ${item} of ${list}) {`],
  range: countingLoop("let ", variable),
  condition: unbraced,
  comparison: { eq: "===", ne: "!==" },
  max: call("Math.max"),
  min: call("Math.min"),
  abs: callOne("Math.abs"),
  div: (left, right, e, slipped) => [
    `Math.${slipped ? "floor" : "trunc"}(${e(left, 2)} / ${e(right, 3)})`,
    3,
  ],
  mod: correctedRemainder,
};
