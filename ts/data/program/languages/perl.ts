import type { Syntax } from "../print.ts";
import { callOne, flooredRemainder, ternary } from "./idioms.ts";

const variable = (name: string): string => `$${name}`;

export const perl: Syntax = {
  slips: ["div", "bound"],
  variable,
  open: (tree) => [
    `sub ${tree.name} {`,
    `  my (${tree.parameters.map((p) => variable(p.name)).join(", ")}) = @_;`,
  ],
  close: "}",
  statement: (text) => `${text};`,
  declare: (name, value) => `my ${variable(name)} = ${value}`,
  compound: true,
  each: (item, list) => [`for my ${variable(item)} (@${variable(list)}) {`],
  range: (item, first, to, included) =>
    `for my ${variable(item)} (${first}..${variable(to)}${included ? "" : " - 1"}) {`,
  condition: (condition, then, otherwise) =>
    otherwise === undefined
      ? [`${then.slice(0, -1)} if ${condition};`]
      : [`if (${condition}) { ${then} }`, `else { ${otherwise} }`],
  comparison: { eq: "==", ne: "!=" },
  max: ternary(">"),
  min: ternary("<"),
  abs: callOne("abs"),
  div: (left, right, e, slipped) =>
    slipped ? [`${e(left, 2)} / ${e(right, 3)}`, 2] : [`int(${e(left, 2)} / ${e(right, 3)})`, 3],
  mod: flooredRemainder,
};
