import { draw } from "../program/draw.ts";
import type { GeneratorLanguage } from "../program/print.ts";
import { generatorLanguages, print } from "../program/print.ts";
import { printSlipped } from "../program/slips.ts";
import { statementOf } from "../program/statement.ts";
import type { Tree } from "../program/tree.ts";
import { Random } from "../random.ts";
import { drawCases } from "../tasks/cases.ts";
import { noveltyOf } from "../tasks/split.ts";
import { languageWeights, stages } from "./mixture.ts";
import type { Row } from "./prompts.ts";
import { generationRow, irRow, translationRow } from "./prompts.ts";

export interface CorpusOptions {
  readonly seed: number;
  readonly stage: keyof typeof stages;
  readonly rows: number;
  /** Pairs of C and its IR to draw from, of training families only; without any, the share falls to the rest. */
  readonly ir: readonly { readonly c: string; readonly ir: string }[];
  /** How often each language is a row's source or target; one without a weight never is. */
  readonly weights?: Partial<Readonly<Record<GeneratorLanguage, number>>>;
}

export interface Corpus {
  readonly rows: readonly Row[];
  /** Rows of each kind, and how often each slip was planted. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Rows for training the seed model, of training families only, none twice. Row k depends on the seed
 * and k alone.
 */
export const corpus = (options: CorpusOptions): Corpus => {
  const stage = stages[options.stage];
  const random = new Random(options.seed).fork("corpus", options.stage);
  const given = options.weights ?? languageWeights;
  const languages = generatorLanguages.filter((l) => (given[l] ?? 0) > 0);
  const weights = Object.fromEntries(languages.map((l) => [l, given[l]])) as Record<
    GeneratorLanguage,
    number
  >;
  const rows: Row[] = [];
  const seen = new Set<string>();
  const counts: Record<string, number> = {};
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  const irRows = random.fork("ir").shuffle(options.ir);
  for (let k = 0; rows.length < options.rows; k++) {
    if (k > 20 * options.rows) {
      throw new RangeError(`only ${rows.length} distinct rows in ${k} draws; ask for fewer`);
    }
    const stream = random.fork(k);
    const form = stream.weighted(stage.rows);
    let row: Row;
    if (form === "ir") {
      const pair = irRows.pop();
      if (pair === undefined) continue;
      row = irRow(pair.c, pair.ir);
    } else {
      const tree = drawTraining(stream);
      if (tree === undefined) continue;
      const target = stream.weighted(weights);
      const planted = stage.slipped
        ? printSlipped(tree, target, stream)
        : { code: print(tree, target), slips: [] };
      if (form === "generation") row = generationRow(statementOf(tree), target, planted.code);
      else {
        const identity = rows.length < options.rows / 2
          ? stage.identity.firstHalf
          : stage.identity.secondHalf;
        const others = { ...weights, [target]: 0 };
        const source = stream.chance(identity) ? target : stream.weighted(others);
        if (source === target) count("identity");
        row = translationRow(source, print(tree, source), target, planted.code);
      }
      if (planted.slips.length > 0) count("with slips");
      for (const slip of planted.slips) count(slip);
    }
    const key = row.prompt + row.completion;
    if (seen.has(key)) continue;
    seen.add(key);
    count(form);
    rows.push(row);
  }
  return { rows, counts };
};

/** A tree of a training family that tests could tell from its slips; `undefined` for any other draw. */
export const drawTraining = (random: Random): Tree | undefined => {
  const tree = draw(random);
  if (noveltyOf(tree) !== undefined) return undefined;
  return drawCases(tree, random) === undefined ? undefined : tree;
};
