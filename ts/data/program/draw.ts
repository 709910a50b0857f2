import type { Random } from "../random.ts";
import { isMultiple, rewrite } from "./tree.ts";
import { drawBranch } from "./kinds/branch.ts";
import { drawList } from "./kinds/list.ts";
import { int } from "./kinds/parts.ts";
import { drawRange } from "./kinds/range.ts";
import type { Expression, Statement, Tree } from "./tree.ts";

/** Weights of the three kinds of program, per draw. */
export const kindWeights = { list: 5, range: 2, branch: 3 } as const;
export type Kind = keyof typeof kindWeights;

/** One random program; every constant has one digit, but for the two extrema's starts (99, -99). */
export const draw = (random: Random, kind: Kind = random.weighted(kindWeights)): Tree => {
  const tree = { list: drawList, range: drawRange, branch: drawBranch }[kind](random);
  const used = namesIn(tree.body);
  return { ...tree, parameters: tree.parameters.filter((p) => used.has(p.name)) };
};

/** The same family with other constants: the starts of extrema (99, -99) and comparisons with 0 stay. */
export const redraw = (tree: Tree, random: Random): Tree => {
  const constant = (e: Expression, low: number, high: number): Expression =>
    e.kind === "int" && Math.abs(e.value) !== 99 ? int(random.int(low, high)) : e;
  return rewrite(tree, {
    expression: (e) => {
      if (e.kind === "var" || e.kind === "int" || e.kind === "abs") return e;
      const right = e.kind === "div"
        ? constant(e.right, 2, 5)
        : e.kind === "mod"
        ? constant(e.right, 2, 9)
        : constant(e.right, 1, e.kind === "mul" ? 5 : 9);
      return { ...e, right };
    },
    condition: (c) => isMultiple(c) ? c : { ...c, right: constant(c.right, 1, 9) },
    statement: (s) => s.kind === "let" ? { ...s, value: constant(s.value, 0, 9) } : s,
  });
};

/** Names that are read, so that a signature holds no parameter that the program ignores. */
const namesIn = (statements: readonly Statement[]): ReadonlySet<string> => {
  const names = new Set<string>();
  const expression = (e: Expression): void => {
    if (e.kind === "var") names.add(e.name);
    else if (e.kind === "abs") expression(e.of);
    else if (e.kind !== "int") (expression(e.left), expression(e.right));
  };
  const walk = (s: Statement): void => {
    if (s.kind === "if") {
      expression(s.condition.left);
      expression(s.condition.right);
      s.then.forEach(walk);
      s.else.forEach(walk);
    } else if (s.kind === "each") (names.add(s.list), s.body.forEach(walk));
    else if (s.kind === "range") (names.add(s.to), s.body.forEach(walk));
    else expression(s.value);
  };
  statements.forEach(walk);
  return names;
};
