import type { Expression, Program, Statement } from "./tree.ts";

/** What one operator becomes when somebody errs. */
const swaps: Readonly<Record<string, string>> = {
  ...{ add: "sub", sub: "add", mul: "add", div: "mul", mod: "div", max: "min", min: "max" },
  ...{ gt: "ge", ge: "gt", lt: "le", le: "lt", eq: "ne", ne: "eq", and: "or", or: "and" },
};

/** Every program with one operator swapped, one constant risen by 1, or one join on the other end. */
export const mutants = function* (program: Program): Generator<Program> {
  for (let at = 0;; at++) {
    let left = at;
    let changed = false;
    const visit = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(visit);
      if (typeof value !== "object" || value === null) return value;
      const node = value as Expression | Statement;
      const edited = edit(node);
      if (edited !== undefined && left-- === 0) {
        changed = true;
        return edited;
      }
      return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, visit(inner)]));
    };
    const mutant = visit(program) as Program;
    if (!changed) return;
    yield mutant;
  }
};

const edit = (node: Expression | Statement): object | undefined => {
  if (node.kind === "int") return { ...node, value: node.value + 1 };
  if (node.kind === "bool") return { ...node, value: !node.value };
  if (node.kind === "join") return { ...node, before: !node.before };
  const swapped = swaps[node.kind];
  return swapped === undefined ? undefined : { ...node, kind: swapped };
};
