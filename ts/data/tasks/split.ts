import { hash32 } from "../random.ts";
import { constructs, shape } from "../program/tree.ts";
import type { Tree } from "../program/tree.ts";

/**
 * Pairs of constructs that no training family holds together, though each half occurs in training. A
 * family with such a pair is held out by `combination`.
 */
export const reservedPairs = [
  ["max", "mod"],
  ["min", "div"],
  ["abs", "else"],
  ["ne", "sub"],
  ["eq", "mul"],
  ["multiple", "max"],
  ["div", "multiple"],
] as const;

/** One family in eight of the others is held out by its `tree`: seen constructs, an unseen arrangement. */
const heldOutShare = 8;

export type Novelty = "combination" | "tree";

/**
 * The side of the split, from the family alone, so that every corpus, task and group ever drawn agrees.
 * `undefined` is training.
 */
export const noveltyOf = (tree: Tree): Novelty | undefined => {
  const has = constructs(tree);
  if (reservedPairs.some(([a, b]) => has.has(a) && has.has(b))) return "combination";
  return hash32(`split ${shape(tree)}`) % heldOutShare === 0 ? "tree" : undefined;
};
