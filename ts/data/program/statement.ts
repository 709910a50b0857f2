import { isMultiple } from "./tree.ts";
import type { Condition, Expression, Statement, Tree } from "./tree.ts";

/** What the program is to do, in plain English, from the tree; the same words for every language. */
export const statementOf = (tree: Tree): string => {
  const parameters = tree.parameters.map((p) => p.name).join(", ");
  return `${tree.name}(${parameters}): ${tree.body.map((s) => capital(sentence(s))).join(". ")}.`;
};

const sentence = (s: Statement): string => {
  switch (s.kind) {
    case "let":
      return `start with ${s.name} = ${words(s.value)}`;
    case "set":
      return setting(s.name, s.value);
    case "return":
      return `return ${words(s.value)}`;
    case "each":
      return `for each ${s.item} in ${s.list}, ${s.body.map(sentence).join(", then ")}`;
    case "range":
      return `for ${s.item} from ${s.span === "0..n" ? 0 : 1} up to ${
        s.span === "1..n" ? `${s.to} included` : `${s.to} excluded`
      }, ${s.body.map(sentence).join(", then ")}`;
    case "if": {
      const otherwise = s.else.length > 0 ? `, else ${s.else.map(sentence).join(", then ")}` : "";
      return `if ${conditionWords(s.condition)}, ${
        s.then.map(sentence).join(", then ")
      }${otherwise}`;
    }
  }
};

const setting = (name: string, value: Expression): string => {
  if ((value.kind === "max" || value.kind === "min") && isVariable(value.left, name)) {
    return `keep in ${name} the ${value.kind === "max" ? "larger" : "smaller"} of ${name} and ${
      words(value.right)
    }`;
  }
  if (value.kind === "add" && isVariable(value.left, name)) {
    return `add ${words(value.right)} to ${name}`;
  }
  if (value.kind === "sub" && isVariable(value.left, name)) {
    return `subtract ${words(value.right)} from ${name}`;
  }
  if (value.kind === "mul" && isVariable(value.left, name)) {
    return `multiply ${name} by ${words(value.right)}`;
  }
  return `set ${name} to ${words(value)}`;
};

const words = (e: Expression): string => {
  switch (e.kind) {
    case "var":
      return e.name;
    case "int":
      return String(e.value);
    case "abs":
      return `the absolute value of ${words(e.of)}`;
    case "add":
      return `${words(e.left)} plus ${words(e.right)}`;
    case "sub":
      return `${words(e.left)} minus ${words(e.right)}`;
    case "mul":
      return `${grouped(e.left)} times ${grouped(e.right)}`;
    case "div":
      return `${grouped(e.left)} divided by ${words(e.right)} toward zero`;
    case "mod":
      return `${grouped(e.left)} modulo ${words(e.right)}`;
    case "max":
      return `the larger of ${words(e.left)} and ${words(e.right)}`;
    case "min":
      return `the smaller of ${words(e.left)} and ${words(e.right)}`;
  }
};

const grouped = (e: Expression): string =>
  e.kind === "add" || e.kind === "sub" ? `(${words(e)})` : words(e);

/** How comparisons are said in English. */
export const comparisons = {
  gt: "is greater than",
  lt: "is less than",
  ge: "is at least",
  le: "is at most",
  eq: "equals",
  ne: "differs from",
} as const;

const conditionWords = (c: Condition): string =>
  isMultiple(c) && c.left.kind === "mod"
    ? `${words(c.left.left)} ${c.op === "eq" ? "is" : "is not"} a multiple of ${
      words(c.left.right)
    }`
    : `${words(c.left)} ${comparisons[c.op]} ${words(c.right)}`;

const isVariable = (e: Expression, name: string): boolean => e.kind === "var" && e.name === name;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
