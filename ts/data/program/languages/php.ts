import type { Syntax } from "../print.ts";
import { call, callOne, correctedRemainder, countingLoop, unbraced } from "./idioms.ts";

const variable = (name: string): string => `$${name}`;

export const php: Syntax = {
  slips: ["mod"],
  variable,
  open: (tree) => [
    `function ${tree.name}(${tree.parameters.map((p) => variable(p.name)).join(", ")}) {`,
  ],
  close: "}",
  statement: (text) => `${text};`,
  declare: (name, value) => `${variable(name)} = ${value}`,
  compound: true,
  each: (item, list) => [`foreach (${variable(list)} as ${variable(item)}) {`],
  range: countingLoop("", variable),
  condition: unbraced,
  comparison: { eq: "==", ne: "!=" },
  max: call("max"),
  min: call("min"),
  abs: callOne("abs"),
  div: call("intdiv"),
  mod: correctedRemainder,
};
