import type { Engine } from "../model/mod.ts";
import { accumulateRows } from "./accumulate.ts";
import type { Batches } from "./batches.ts";
import type { Metrics } from "./events.ts";
import { type Optimizer, updateAt } from "./optimizer.ts";
import { countedTokens, nll, nllGradient, type Sequence } from "./sequences.ts";

/**
 * One step of supervised fine-tuning: AdamW on the mean negative log-likelihood over all counted tokens of
 * the batch (not a mean of means). `micro` rows go to the engine at once.
 */
export const sftStep = async (
  engine: Engine,
  sequences: readonly Sequence[],
  batches: Batches,
  optimizer: Optimizer,
  step: number,
  steps: number,
  micro = Infinity,
): Promise<Metrics> => {
  const started_ms = performance.now();
  const batch = batches.at(step).map((i) => sequences[i]!);
  const { logProbs } = await accumulateRows(
    engine,
    batch.map(({ ids }) => ids),
    nllGradient(batch),
    { temperature: 1, micro, skipZero: false },
  );
  const { grad_norm, learning_rate, skipped } = await updateAt(engine, optimizer, step, steps);
  const num_tokens = batch.reduce((sum, { ids }) => sum + ids.length, 0);
  const step_s = (performance.now() - started_ms) / 1000;
  return {
    step,
    loss: nll(batch, logProbs as Float32Array[]),
    grad_norm,
    learning_rate,
    num_tokens,
    loss_tokens: countedTokens(batch),
    trained_tokens_per_s: num_tokens / step_s,
    step_s,
    skipped: skipped ? 1 : 0,
  };
};
