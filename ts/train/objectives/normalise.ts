import { type Ragged, tokensOf } from "./batch.ts";

/**
 * How a sum over tokens becomes a loss: `token` divides by the tokens of the batch, `sequence` takes the
 * mean over rows of each row's mean, `constant` divides by rows times `max_length` (Dr. GRPO). Rows without
 * tokens count as rows in the last two and add nothing.
 */
export type Normalise = "token" | "sequence" | "constant";

/** Weight of every masked token of a row, by row. */
export const tokenWeights = (
  normalise: Normalise,
  mask: Ragged,
  max_length: number,
): readonly number[] => {
  const tokens = tokensOf(mask);
  const rows = mask.length;
  if (normalise === "token") {
    const all = tokens.reduce((a, b) => a + b, 0);
    return tokens.map(() => all === 0 ? 0 : 1 / all);
  }
  if (normalise === "sequence") return tokens.map((n) => n === 0 ? 0 : 1 / (rows * n));
  return tokens.map(() => 1 / (rows * max_length));
};
