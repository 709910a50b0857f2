import type { GeneratorLanguage } from "../program/print.ts";

/**
 * What the seed model's corpus is made of, by rows. The clean stage holds correct programs; the slipped
 * stage plants slips (`../program/slips.ts`) in every completion that is a program. Read by the corpus
 * builder and by the model card.
 */
export const stages = {
  clean: {
    slipped: false,
    rows: { translation: 0.72, generation: 0.23, ir: 0.05 },
    /** Share of translation rows whose source and target language are the same, which teaches copying. */
    identity: { firstHalf: 0.2, secondHalf: 0.06 },
  },
  slipped: {
    slipped: true,
    rows: { translation: 0.72, generation: 0.23, ir: 0.05 },
    identity: { firstHalf: 0, secondHalf: 0 },
  },
} as const;

/** How often a language is a row's source or target. */
export const languageWeights: Readonly<Record<GeneratorLanguage, number>> = {
  python: 4,
  javascript: 4,
  lua: 4,
  c: 4,
  perl: 2,
  php: 2,
};

/** C to LLVM IR: how often each level is the answer; longer IR is left out. */
export const irWeights = {
  "-O0": 1,
  "-O1": 2,
  "-O2": 1,
  "-Os": 1,
  "-Oz": 1,
  "mem2reg": 2,
  "mem2reg,simplifycfg": 2,
  "mem2reg,instcombine": 1,
  "mem2reg,reassociate": 1,
  "mem2reg,early-cse": 1,
} as const;
export const irKinds = { branch: 4, range: 1, list: 1 } as const;
export const irLimit_chars = 560;
