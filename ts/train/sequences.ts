import type { Tokenizer } from "../wasm/mod.ts";
import type { Chat, Message } from "./chat.ts";

/** One training sequence: ids, and 1 where a token counts in the loss (never at 0: nothing precedes it). */
export interface Sequence {
  readonly ids: Uint32Array;
  readonly mask: Uint8Array;
}

/** A row of supervised data in one of its four spellings. */
export type SftRow =
  | { readonly ids: readonly number[]; readonly mask: readonly number[] }
  | { readonly prompt: string; readonly completion: string }
  | { readonly text: string }
  | { readonly messages: readonly Message[] };

/**
 * The sequence of a row. Of prompt and completion only the completion counts, tokenized apart so that the
 * border is where generation will find it; of a text everything counts.
 */
export const sequenceOf = (
  row: SftRow,
  tokenizer: Tokenizer | undefined,
  lossOn: "completion" | "all",
  chat?: Chat,
): Sequence => {
  if ("ids" in row) return { ids: Uint32Array.from(row.ids), mask: Uint8Array.from(row.mask) };
  if (tokenizer === undefined) throw new TypeError("rows of text need the model's tokenizer.json");
  if ("text" in row) {
    const ids = tokenizer.encode(row.text);
    return { ids, mask: new Uint8Array(ids.length).fill(1) };
  }
  if ("messages" in row) {
    if (chat === undefined) {
      throw new TypeError(
        "rows of messages need the model's chat template: chat_template in its " +
          "tokenizer_config.json, or chat_template.jinja",
      );
    }
    // The template itself says where the special tokens are.
    return concatenate(
      chat.turns(row.messages).map(({ text, learnt }) => ({
        ids: tokenizer.encode(text, { special: false }),
        counts: learnt || lossOn === "all",
      })),
    );
  }
  return concatenate([
    { ids: tokenizer.encode(row.prompt), counts: lossOn === "all" },
    { ids: tokenizer.encode(row.completion, { special: false }), counts: true },
  ]);
};

const concatenate = (
  parts: readonly { readonly ids: Uint32Array; readonly counts: boolean }[],
): Sequence => {
  const length = parts.reduce((sum, { ids }) => sum + ids.length, 0);
  const ids = new Uint32Array(length);
  const mask = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    ids.set(part.ids, at);
    mask.fill(part.counts ? 1 : 0, at, at += part.ids.length);
  }
  return { ids, mask };
};

/** Sequences as one, in which later ones see those before. */
export const joined = (sequences: readonly Sequence[]): Sequence => ({
  ids: Uint32Array.from(sequences.flatMap(({ ids }) => [...ids])),
  mask: Uint8Array.from(sequences.flatMap(({ mask }) => [...mask])),
});

/** Tokens that count: mask 1, and something before them. */
export const countedTokens = (sequences: readonly Sequence[]): number =>
  sequences.reduce((sum, { mask }) => {
    for (let t = 1; t < mask.length; t++) sum += mask[t]!;
    return sum;
  }, 0);

/** Derivative of the mean negative log-likelihood over the batch's counted tokens, at every log-prob. */
export const nllGradient = (sequences: readonly Sequence[]): Float32Array[] => {
  const tokens = countedTokens(sequences);
  return sequences.map(({ mask }) =>
    Float32Array.from(mask, (m, t) => t > 0 && m === 1 && tokens > 0 ? -1 / tokens : 0)
  );
};

/** The mean negative log-likelihood itself, in double precision. */
export const nll = (
  sequences: readonly Sequence[],
  logProbs: readonly Float32Array[],
): number => {
  let sum = 0;
  sequences.forEach(({ mask }, i) => {
    for (let t = 1; t < mask.length; t++) if (mask[t] === 1) sum -= logProbs[i]![t]!;
  });
  return sum / Math.max(1, countedTokens(sequences));
};
