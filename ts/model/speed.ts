import type { Engine } from "./engine.ts";

export interface Speed {
  /** Of the median training step: forward, backward and update. */
  readonly trained_tokens_per_s?: number;
  /** Of log-probs alone; not with `steps: 0`, where one pass may take minutes. */
  readonly scored_tokens_per_s?: number;
  /** Of new tokens, prefill included, so many sequences at once. */
  readonly sampled_tokens_per_s?: number;
  /** Seconds of the first step, in which kernels are compiled. */
  readonly first_step_s?: number;
}

export interface SpeedOptions {
  /** Sequences of a training step. */
  readonly rows: number;
  readonly length: number;
  /** Training steps after the first; with 0, the first itself is what is told, and nothing is scored. */
  readonly steps: number;
  /** Sequences sampled at once, prompts of half the length; 0: none. */
  readonly slots: number;
  /** The engine was opened to train. */
  readonly train: boolean;
  readonly onStep?: (step: number, seconds: number) => void;
}

/** How fast an opened engine is, on ids that mean nothing. */
export const measureSpeed = async (engine: Engine, o: SpeedOptions): Promise<Speed> => {
  const { vocab_size } = engine.config;
  const rows = (count: number, length: number) =>
    Array.from(
      { length: count },
      (_, i) => Uint32Array.from({ length }, (_, t) => (i * 31 + t * 17) % vocab_size),
    );
  const batch = rows(o.rows, o.length);
  const tokens = o.rows * o.length;
  const seconds = async (run: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await run();
    return (performance.now() - start) / 1000;
  };
  const train = async () => {
    const dlogp = batch.map(({ length }) => new Float32Array(length).fill(-1 / tokens));
    await engine.accumulate(batch, dlogp, { temperature: 1 });
    await engine.update(UPDATE);
  };
  const trained = [];
  for (let step = 0; o.train && step <= o.steps; step++) {
    trained.push(await seconds(train));
    o.onStep?.(step, trained.at(-1)!);
  }
  let scored = 0;
  if (o.steps > 0) {
    await engine.logProbs(batch.slice(0, 1), { temperature: 1 });
    scored = await seconds(() => engine.logProbs(batch, { temperature: 1 }));
  }
  const sample = (max_tokens: number) =>
    engine.generate({
      prompts: rows(o.slots, Math.ceil(o.length / 2)),
      samples: 1,
      max_tokens,
      temperature: 1,
      seed: 1,
      stop: [],
    });
  let sampled = 0;
  const news = Math.floor(o.length / 2);
  if (o.slots > 0) {
    await sample(1);
    sampled = await seconds(() => sample(news));
  }
  return {
    ...(trained.length > 0
      ? { trained_tokens_per_s: tokens / medianOf(trained.slice(1), trained[0]!) }
      : {}),
    ...(scored > 0 ? { scored_tokens_per_s: tokens / scored } : {}),
    ...(sampled > 0 ? { sampled_tokens_per_s: o.slots * news / sampled } : {}),
    ...(trained.length > 0 ? { first_step_s: trained[0]! } : {}),
  };
};

const medianOf = (values: readonly number[], otherwise: number): number =>
  values.length === 0 ? otherwise : [...values].sort((a, b) => a - b)[values.length >> 1]!;

const UPDATE = {
  lr: 1e-3,
  betas: [0.9, 0.95],
  eps: 1e-8,
  weight_decay: 0,
  clip_norm: 1,
} as const;
