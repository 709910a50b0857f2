import type { Engine } from "../model/mod.ts";
import type { Batches } from "./batches.ts";
import type { Metrics } from "./events.ts";
import { type Optimizer, updateAt } from "./optimizer.ts";
import { countedTokens, nll, nllGradient, type Sequence } from "./sequences.ts";

/**
 * One step of supervised fine-tuning: AdamW on the mean negative log-likelihood over all counted tokens of
 * the batch (not a mean of means). Sequences share passes without padding, whatever `data.packing` says.
 */
export const sftStep = async (
  engine: Engine,
  sequences: readonly Sequence[],
  batches: Batches,
  optimizer: Optimizer,
  step: number,
  steps: number,
): Promise<Metrics> => {
  const batch = batches.at(step).map((i) => sequences[i]!);
  const { logProbs } = await engine.accumulate(
    batch.map(({ ids }) => ids),
    nllGradient(batch),
    { temperature: 1 },
  );
  const { grad_norm, learning_rate, skipped } = await updateAt(engine, optimizer, step, steps);
  return {
    step,
    loss: nll(batch, logProbs),
    grad_norm,
    learning_rate,
    num_tokens: batch.reduce((sum, { ids }) => sum + ids.length, 0),
    loss_tokens: countedTokens(batch),
    ...(skipped ? { skipped: 1 } : {}),
  };
};
