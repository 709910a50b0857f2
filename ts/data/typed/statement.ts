import { comparisons } from "../program/statement.ts";
import type { Expression, Function, Program, Statement } from "./tree.ts";

/** The task in plain English: helpers first, then the function that is asked for. */
export const statementOf = ({ helpers, main }: Program): string =>
  [...helpers, main].map(functionText).join("\n");

const functionText = (f: Function): string => {
  const kinds = f.parameters.map(({ name, type }) => `${name} is ${typeNames[type]}`);
  const known = f.parameters.length === 0 ? "" : ` (${kinds.join(", ")})`;
  return `${f.name}(${f.parameters.map(({ name }) => name).join(", ")})${known}: ${
    sentences(f.body)
  }`;
};

const typeNames = {
  int: "an integer",
  bool: "a truth value",
  string: "a string",
  char: "a character",
  "list<int>": "a list of integers",
  map: "a map",
} as const;

const sentences = (body: readonly Statement[]): string =>
  body.map((s) => `${capital(clause(s))}.`).join(" ");

/** Clauses of a block, joined so that they read as one. */
const clauses = (body: readonly Statement[]): string => body.map(clause).join(", then ");

const clause = (s: Statement): string => {
  switch (s.kind) {
    case "let":
      return s.value.kind === "empty"
        ? `start with ${s.name} as an empty ${
          { string: "string", "list<int>": "list", map: "table of counts" }[s.value.type]
        }`
        : `start with ${s.name} = ${text(s.value)}`;
    case "set":
      return change(s.name, s.value);
    case "push":
      return `append ${text(s.value)} to ${s.list}`;
    case "join":
      return s.before
        ? `put ${text(s.value)} before ${s.text}`
        : `put ${text(s.value)} after ${s.text}`;
    case "tally":
      return `count ${text(s.key)} once more in ${s.map}`;
    case "each":
      return `for each ${s.type === "string" ? "character " : ""}${s.item} in ${s.over}, ${
        clauses(s.body)
      }`;
    case "range":
      return `for ${s.item} from ${s.from} up to ${text(s.to)} included, ${clauses(s.body)}`;
    case "while":
      return `as long as ${text(s.condition)}, ${clauses(s.body)}`;
    case "if":
      return `if ${text(s.condition)}, ${clauses(s.then)}${
        s.else.length === 0 ? "" : `, else ${clauses(s.else)}`
      }`;
    case "return":
      return `return ${text(s.value)}`;
  }
};

const change = (name: string, value: Expression): string => {
  const own = "left" in value && value.left.kind === "var" && value.left.name === name;
  if (own && value.kind === "add") return `add ${text(value.right)} to ${name}`;
  if (own && value.kind === "sub") return `subtract ${text(value.right)} from ${name}`;
  if (own && value.kind === "mul") return `multiply ${name} by ${text(value.right)}`;
  return `set ${name} to ${text(value)}`;
};

const text = (e: Expression): string => {
  switch (e.kind) {
    case "var":
      return e.name;
    case "int":
      return String(e.value);
    case "bool":
      return String(e.value);
    case "char":
      return `"${e.value}"`;
    case "empty":
      return "nothing";
    case "add":
      return `${part(e.left)} plus ${part(e.right)}`;
    case "sub":
      return `${part(e.left)} minus ${part(e.right)}`;
    case "mul":
      return `${part(e.left)} times ${part(e.right)}`;
    case "div":
      return `${part(e.left)} divided by ${part(e.right)}, rounded toward zero`;
    case "mod":
      return `${part(e.left)} modulo ${part(e.right)}`;
    case "max":
      return `the larger of ${part(e.left)} and ${part(e.right)}`;
    case "min":
      return `the smaller of ${part(e.left)} and ${part(e.right)}`;
    case "abs":
      return `the absolute value of ${part(e.of)}`;
    case "not":
      return `it is not so that ${text(e.of)}`;
    case "and":
      return `${text(e.left)} and ${text(e.right)}`;
    case "or":
      return `${text(e.left)} or ${text(e.right)}`;
    case "same":
      return `${text(e.left)} is ${text(e.right)}`;
    case "length":
      return e.type === "map" ? `the number of keys of ${e.name}` : `the length of ${e.name}`;
    case "get":
      return `how often ${e.map} has ${text(e.key)}`;
    case "call":
      return `${e.name}(${e.arguments.map(text).join(", ")})`;
    default:
      return `${part(e.left)} ${comparisons[e.kind]} ${part(e.right)}`;
  }
};

/** A part of a larger expression, in parentheses unless it is one word or a call. */
const part = (e: Expression): string =>
  ["var", "int", "char", "bool", "call", "length"].includes(e.kind) ? text(e) : `(${text(e)})`;

const capital = (sentence: string): string => sentence[0]!.toUpperCase() + sentence.slice(1);
