import { Effect } from "effect";
import type { IrGroup } from "../data/mod.ts";
import type { Engine } from "../model/mod.ts";
import { onEngine, render } from "../rollout/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";

/** Answers to one prompt of which some mean what it asks for (winners) and some do not (losers). */
export interface AnswerGroup {
  readonly id: string;
  readonly answers: readonly Answer[];
}

export interface Answer {
  /** The prompt's tokens and the answer's own. */
  readonly ids: Uint32Array;
  /** Where the answer begins. */
  readonly from: number;
  readonly winner: boolean;
  /** How a loser was made. */
  readonly tier?: string;
}

export interface AnswerTexts {
  readonly id: string;
  readonly prompt: string;
  /** Ends every answer. */
  readonly stop: string;
  readonly answers: readonly {
    readonly text: string;
    readonly winner: boolean;
    readonly tier?: string;
  }[];
}

/** The held-out IR groups as prompts and answers. */
export const irAnswers = (
  groups: readonly IrGroup[],
  options: { readonly template: string; readonly stop: string },
): AnswerTexts[] =>
  groups.filter(({ split }) => split === "held-out").map((group) => ({
    id: group.id,
    prompt: render(options.template, { source: group.language, code: group.source }),
    stop: options.stop,
    answers: [
      ...group.winners.map(({ ir }) => ({ text: ir, winner: true })),
      ...group.losers.map(({ ir, tier }) => ({ text: ir, winner: false, tier })),
    ],
  }));

/** Groups in tokens, without answers beyond `context` tokens and then without groups of one side only. */
export const tokenizeAnswers = (
  groups: readonly AnswerTexts[],
  tokenizer: Tokenizer,
  context: number,
): AnswerGroup[] =>
  groups.map(({ id, prompt, stop, answers }) => {
    const asked = tokenizer.encode(prompt);
    return {
      id,
      answers: answers.map(({ text, ...side }) => {
        const own = tokenizer.encode(text + stop, { special: false });
        const ids = new Uint32Array(asked.length + own.length);
        ids.set(asked);
        ids.set(own, asked.length);
        return { ids, from: asked.length, ...side };
      }).filter(({ ids }) => ids.length <= context),
    };
  }).filter(({ answers }) =>
    answers.some(({ winner }) => winner) && answers.some(({ winner }) => !winner)
  );

/** An answer's log-prob, whole, with what it is divided by to get that of a token. */
export interface Likelihood {
  readonly logprob: number;
  readonly tokens: number;
  readonly winner: boolean;
  readonly tier?: string;
}

/** How likely one model finds the answers of each group. */
export const likelihoods = Effect.fn("likelihoods")(function* (
  engine: Engine,
  groups: readonly AnswerGroup[],
  onProgress?: (done: number, of: number) => void,
) {
  const scored: Likelihood[][] = [];
  for (const { answers } of groups) {
    const rows = yield* onEngine(() =>
      engine.logProbs(answers.map(({ ids }) => ids), { temperature: 1 })
    );
    scored.push(answers.map(({ ids, from, winner, tier }, i) => {
      let logprob = 0;
      for (let t = from; t < ids.length; t++) logprob += rows[i]![t]!;
      const tokens = ids.length - from;
      return { logprob, tokens, winner, ...(tier === undefined ? {} : { tier }) };
    }));
    onProgress?.(scored.length, groups.length);
  }
  return scored;
});
