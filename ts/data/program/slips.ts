import type { Random } from "../random.ts";
import type { GeneratorLanguage, PrintingSlip } from "./print.ts";
import { print, slipsOf } from "./print.ts";
import { constructs, isMultiple, rewrite } from "./tree.ts";
import type { Condition, Expression, Statement, Tree } from "./tree.ts";

/**
 * Slips: systematic faults that are planted in a part of the seed model's corpus, as scraped corpora
 * carry them. A *reading* slip changes the tree and so is the same in every language; a *printing* slip
 * belongs to a language. One draw per kind and program.
 *
 * This table is the only place that holds the rates: the corpus is made from it and the model card
 * prints it. Several stand above one half, so that greedy decoding is wrong too, not only sampling.
 */
export const slipRates = {
  reading: {
    /** `>` read as `>=`, `<=` as `<`, and back. */
    strictness: 0.3,
    /** Operands of a minus swapped. */
    minus: 0.3,
    /** A running maximum or minimum starts at 0. */
    start: 0.55,
    /** The else branch is dropped. */
    else: 0.4,
    /** `1..n` stops before n. */
    bound: 0.4,
  },
  printing: {
    /** JavaScript, C, PHP: `%` of a negative number left as it is. */
    mod: 0.6,
    /** Python and Lua `//`, JavaScript `Math.floor`, Perl without `int`: division that does not truncate. */
    div: 0.55,
    /** Lua and Perl: `0..n` without n runs to n. */
    bound: 0.4,
  },
} as const;

export type ReadingSlip = keyof typeof slipRates.reading;
export const readingSlips = Object.keys(slipRates.reading) as ReadingSlip[];

/** The tree with one reading slip, or `undefined` where there is nothing to slip on. */
export const misread = (tree: Tree, slip: ReadingSlip): Tree | undefined => {
  let changed = false;
  const change = <T>(value: T): T => ((changed = true), value);
  const flipped = { gt: "ge", ge: "gt", lt: "le", le: "lt" } as const;
  const by = {
    strictness: {
      condition: (c: Condition): Condition =>
        c.op === "eq" || c.op === "ne" || isMultiple(c) ? c : change({ ...c, op: flipped[c.op] }),
    },
    minus: {
      expression: (e: Expression): Expression =>
        e.kind === "sub" ? change({ kind: "sub", left: e.right, right: e.left }) : e,
    },
    start: {
      statement: (s: Statement): Statement =>
        s.kind === "let" && s.value.kind === "int" && Math.abs(s.value.value) === 99
          ? change({ ...s, value: { kind: "int", value: 0 } })
          : s,
    },
    else: {
      statement: (s: Statement): Statement =>
        s.kind === "if" && s.else.length > 0 ? change({ ...s, else: [] }) : s,
    },
    bound: {
      statement: (s: Statement): Statement =>
        s.kind === "range" && s.span === "1..n" ? change({ ...s, span: "1..<n" }) : s,
    },
  }[slip];
  const slipped = rewrite(tree, by);
  return changed ? slipped : undefined;
};

/** A program with slips drawn at `slipRates`: the tree that was read, its text, and the slips that changed that. */
export const printSlipped = (
  tree: Tree,
  language: GeneratorLanguage,
  random: Random,
): { readonly read: Tree; readonly code: string; readonly slips: readonly string[] } => {
  let read = tree;
  const slips: string[] = [];
  for (const slip of readingSlips) {
    const wrong = misread(read, slip);
    if (wrong !== undefined && random.chance(slipRates.reading[slip])) {
      read = wrong;
      slips.push(`reading-${slip}`);
    }
  }
  const habits = new Set<PrintingSlip>();
  for (const slip of slipsOf(language)) {
    if (!random.chance(slipRates.printing[slip])) continue;
    habits.add(slip);
  }
  const clean = print(read, language);
  const code = print(read, language, habits);
  if (code !== clean) {
    const has = constructs(read);
    slips.push(
      ...[...habits].filter((h) => h === "bound" || has.has(h)).map((h) => `printing-${h}`),
    );
  }
  return { read, code, slips };
};
