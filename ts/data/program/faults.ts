import type { GeneratorLanguage, PrintingSlip } from "./print.ts";
import { print, slipsOf } from "./print.ts";
import { misread, type ReadingSlip, readingSlips } from "./slips.ts";
import type { Tree } from "./tree.ts";

/**
 * What explains a program that fails: slips of *reading*, which all languages share, slips of *printing*, which
 * are the language's own, `both`, or neither (`other`).
 */
export type Fault = "reading" | "printing" | "both" | "other";

/**
 * The fault of a failed program, by its text: `reading`, `printing` or `both` where it is, to the letter, what the
 * tree prints with slips of that kind; white space around it is no matter.
 */
export const faultOf = (tree: Tree, language: GeneratorLanguage, code: string): Fault =>
  slippedTexts(tree, language).get(code.trim()) ?? "other";

/** Every text that slips make of the tree, and the kind of the slips. */
const slippedTexts = (tree: Tree, language: GeneratorLanguage): ReadonlyMap<string, Fault> => {
  const printings = subsets<PrintingSlip>(slipsOf(language));
  const texts = new Map([[print(tree, language), "other" as Fault]]);
  // The fewest slips come first, so that a text has its plainest explanation.
  for (const reading of subsets<ReadingSlip>(readingSlips)) {
    const read = reading.reduce<Tree | undefined>((t, slip) => t && misread(t, slip), tree);
    if (read === undefined) continue;
    for (const printing of printings) {
      const text = print(read, language, new Set(printing));
      if (texts.has(text)) continue;
      texts.set(
        text,
        reading.length === 0 ? "printing" : printing.length === 0 ? "reading" : "both",
      );
    }
  }
  return texts;
};

const subsets = <T>(all: readonly T[]): readonly (readonly T[])[] =>
  all.reduce<readonly (readonly T[])[]>(
    (sets, each) => [...sets, ...sets.map((set) => [...set, each])],
    [[]],
  ).toSorted((a, b) => a.length - b.length);
