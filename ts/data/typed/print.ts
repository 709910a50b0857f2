import { c } from "./languages/c.ts";
import { cpp } from "./languages/cpp.ts";
import { csharp } from "./languages/csharp.ts";
import { go } from "./languages/go.ts";
import { java } from "./languages/java.ts";
import { javascript } from "./languages/javascript.ts";
import { lua } from "./languages/lua.ts";
import { php } from "./languages/php.ts";
import { python } from "./languages/python.ts";
import { ruby } from "./languages/ruby.ts";
import { rust } from "./languages/rust.ts";
import { typescript } from "./languages/typescript.ts";
import type { Binding, Printer, Syntax, Text } from "./syntax.ts";
import {
  type Expression,
  type Function,
  inside,
  nodes,
  type Program,
  type Statement,
} from "./tree.ts";

const syntaxes = {
  ...{ python, javascript, typescript, c, cpp, java, go, rust, ruby, php, lua, csharp },
} as const satisfies Readonly<Record<string, Syntax>>;

export type TypedLanguage = keyof typeof syntaxes;
/** The languages that the typed generator prints, each in its own idiom. */
export const typedLanguages = Object.keys(syntaxes) as readonly TypedLanguage[];

/** The program in one language, no newline at its end; `undefined` if the language has no idiom for it. */
export const print = (program: Program, language: TypedLanguage): string | undefined => {
  const syntax: Syntax = syntaxes[language];
  const uses = usesOf(program);
  if ([...syntax.lacks].some((lack) => uses.has(lack))) return undefined;
  const head = syntax.head(uses);
  return [
    ...head,
    ...(head.length > 0 ? [""] : []),
    ...program.helpers.flatMap((f) => [...printFunction(f, syntax), ""]),
    ...printFunction(program.main, syntax),
  ].join("\n");
};

/** What a program needs of a language: its types, and some of its operations. */
const usesOf = (program: Program): ReadonlySet<string> => {
  const uses = new Set<string>();
  for (const f of [...program.helpers, program.main]) {
    for (const { type } of f.parameters) uses.add(type);
    uses.add(f.result);
    if (f.result === "string") uses.add("string result");
    if (f.result === "list<int>") uses.add("list result");
  }
  for (const node of nodes(program)) {
    uses.add(node.kind);
    if (node.kind === "let") uses.add(node.type);
    if (node.kind === "length") uses.add(`${node.type} length`);
  }
  return uses;
};

const printFunction = (f: Function, syntax: Syntax): string[] => {
  const types = new Map(f.parameters.map(({ name, type }) => [name, type]));
  const variable = (name: string): string => syntax.variable(name, types.get(name) ?? "int");
  const changed = new Set(assigned(f.body));
  const rebound = f.parameters.filter(({ name }) => changed.has(name)).map(({ name }) => name);

  const text = (x: Expression): Text => {
    switch (x.kind) {
      case "var":
        return [variable(x.name), 7];
      case "int":
        return [String(x.value), x.value < 0 ? 6 : 7];
      case "bool":
        return [syntax.bool(x.value), 7];
      case "char":
        return [syntax.char(x.value), 7];
      case "empty":
        return [syntax.empty[x.type], 7];
      case "add":
        return [`${e(x.left, 4)} + ${e(x.right, 5)}`, 4];
      case "sub":
        return [`${e(x.left, 4)} - ${e(x.right, 5)}`, 4];
      case "mul":
        return [`${e(x.left, 5)} * ${e(x.right, 6)}`, 5];
      case "div":
      case "mod":
      case "max":
      case "min":
        // A remainder that is only compared with zero needs no care for its sign, but these stay whole.
        return syntax.arithmetic(x.kind, x.left, x.right, e);
      case "abs":
        return syntax.abs(x.of, e);
      case "not":
        return [`${syntax.not}${e(x.of, 7)}`, 6];
      case "and":
        return [`${e(x.left, 3)} ${syntax.and} ${e(x.right, 3)}`, 2];
      case "or":
        return [`${e(x.left, 3)} ${syntax.or} ${e(x.right, 3)}`, 1];
      case "same":
        return [`${e(x.left, 4)} ${syntax.same} ${e(x.right, 4)}`, 3];
      case "length":
        return [syntax.length(variable(x.name), x.type), 7];
      case "get":
        return syntax.get(variable(x.map), e(x.key, 0));
      case "call":
        return [syntax.call(x.name, x.arguments.map((a) => [e(a, 0), a])), 7];
      default:
        return [`${e(x.left, 4)} ${syntax.comparison[x.kind]} ${e(x.right, 4)}`, 3];
    }
  };
  const e: Printer = (x, binds: Binding) => {
    const [printed, own] = text(x);
    return own < binds ? `(${printed})` : printed;
  };

  const block = (open: readonly string[], body: readonly Statement[]): string[] => {
    const [first = "", ...rest] = open;
    return [
      first,
      ...indent([...rest, ...body.flatMap(statement)]),
      ...(syntax.close === undefined ? [] : [syntax.close]),
    ];
  };
  const line = (printed: string): string[] => [printed + syntax.end];

  const statement = (s: Statement): string[] => {
    switch (s.kind) {
      case "let":
        types.set(s.name, s.type);
        return line(syntax.declare(variable(s.name), s.type, e(s.value, 0)));
      case "set":
        return line(assignment(s.name, s.value));
      case "push":
        return line(syntax.push(variable(s.list), e(s.value, 0)));
      case "join":
        return line(syntax.join(variable(s.text), e(s.value, 4), s.before));
      case "tally":
        return line(syntax.tally(variable(s.map), e(s.key, 0)));
      case "each":
        types.set(s.item, s.type === "string" ? "char" : "int");
        return block(
          syntax.eachUnnamed === undefined || names(s.body, s.item)
            ? syntax.each(variable(s.item), variable(s.over), s.type)
            : [syntax.eachUnnamed(variable(s.over))],
          s.body,
        );
      case "range":
        return block([syntax.range(variable(s.item), s.from, s.to, e)], s.body);
      case "while":
        return block([syntax.while(e(s.condition, 0))], s.body);
      case "if": {
        const then = block([syntax.if(e(s.condition, 0))], s.then);
        if (s.else.length === 0) return then;
        const whole = syntax.close === undefined ? then : then.slice(0, -1);
        return [...whole, ...block([syntax.else], s.else)];
      }
      case "return":
        return line(`return ${e(s.value, 0)}`);
    }
  };
  const assignment = (name: string, value: Expression): string => {
    const target = variable(name);
    const compound = { add: "+", sub: "-", mul: "*" }[value.kind as "add"];
    return compound !== undefined && syntax.lacksCompound !== true && "left" in value &&
        value.left.kind === "var" && value.left.name === name
      ? `${target} ${compound}= ${e(value.right, 0)}`
      : syntax.assign(target, e(value, 0));
  };
  return block(
    [...syntax.open(f), ...rebound.flatMap((name) => syntax.rebind?.(name) ?? [])],
    f.body,
  );
};

const names = (body: readonly Statement[], item: string): boolean =>
  [...inside(body)].some((node) => node.kind === "var" && node.name === item);

const assigned = function* (body: readonly Statement[]): Generator<string> {
  for (const s of body) {
    if (s.kind === "set") yield s.name;
    if ("body" in s) yield* assigned(s.body);
    if (s.kind === "if") yield* assigned([...s.then, ...s.else]);
  }
};

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
