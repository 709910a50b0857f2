/**
 * Speed of the engine: `deno run -A bench/engine.ts [--model DIR] [--adapter DIR] [--json]`.
 * Without a model, a random one of the seed model's shape (0.8M parameters).
 *
 * trained: forward, backward and one AdamW update over `ROWS` sequences; sampled: `SLOTS` sequences at
 * once, prompts of half the length, prefill included. Medians of `REPEATS` after one run to warm up.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, initModelFolder, openEngine, readModelConfig } from "../ts/model/mod.ts";

const ROWS = 64;
const LENGTH = 120;
const SLOTS = 256;
const PROMPT = 60;
const REPEATS = 3;

const SEED_SHAPE = {
  vocab_size: 512,
  hidden_size: 128,
  intermediate_size: 352,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
};

const option = (name: string): string | undefined => {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? undefined : Deno.args[at + 1];
};

const scratch = await mkdtemp(join(tmpdir(), "calque-bench-"));
try {
  const model = option("model") ?? scratch;
  if (model === scratch) await initModelFolder(SEED_SHAPE, scratch, 1);
  const config = await readModelConfig(model);
  const adapter = option("adapter");
  const engine = await openEngine({
    model,
    ...(adapter ? { adapter, lora: "continue" as const } : {}),
    train: true,
    tokens_per_pass: Number(option("tokens-per-pass") ?? 4096),
    context: 256,
    slots: SLOTS,
  });
  const trained_tokens = ROWS * LENGTH;
  const trained_ms = await median(() => train(engine, config.vocab_size));
  const scored_ms = await median(() =>
    engine.logProbs(rows(config.vocab_size), { temperature: 1 })
  );
  let sampled_tokens = 0;
  const sampled_ms = await median(async () => {
    sampled_tokens = await sampleTokens(engine, config.vocab_size);
  });
  const parameters = countParameters(config);
  const rate = (tokens: number, ms: number) => Math.round(1000 * tokens / ms);
  const result = {
    device: engine.device.name,
    parameters,
    trained_tokens_per_s: rate(trained_tokens, trained_ms),
    // 6 floating-point operations a parameter and token, attention left out
    trained_gflop_per_s: 6e-6 * parameters * trained_tokens / trained_ms,
    scored_tokens_per_s: rate(trained_tokens, scored_ms),
    sampled_tokens_per_s: rate(sampled_tokens, sampled_ms),
    memory_bytes: engine.memory.total_bytes,
  };
  await engine.close();
  if (Deno.args.includes("--json")) console.log(JSON.stringify(result));
  else console.table(result);
} finally {
  await rm(scratch, { recursive: true });
}

function rows(vocab: number): Uint32Array[] {
  return Array.from(
    { length: ROWS },
    (_, i) => Uint32Array.from({ length: LENGTH }, (_, t) => (i * 31 + t * 17) % vocab),
  );
}

async function train(engine: Engine, vocab: number): Promise<void> {
  const batch = rows(vocab);
  const dlogp = batch.map(({ length }) => new Float32Array(length).fill(-1 / (ROWS * LENGTH)));
  await engine.accumulate(batch, dlogp, { temperature: 1 });
  await engine.update({ lr: 1e-3, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0, clip_norm: 1 });
}

async function sampleTokens(engine: Engine, vocab: number): Promise<number> {
  const completions = await engine.generate({
    prompts: rows(vocab).map((row) => row.subarray(0, PROMPT)),
    samples: SLOTS / ROWS,
    max_tokens: LENGTH - PROMPT,
    temperature: 1,
    seed: 1,
    stop: [],
  });
  return completions.reduce((sum, { ids }) => sum + ids.length, 0);
}

async function median(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(REPEATS / 2)]!;
}

function countParameters(c: Awaited<ReturnType<typeof readModelConfig>>): number {
  const q = c.num_attention_heads * c.head_dim;
  const kv = c.num_key_value_heads * c.head_dim;
  const layer = c.hidden_size * (2 * q + 2 * kv + 3 * c.intermediate_size + 2);
  const embeddings = c.vocab_size * c.hidden_size * (c.tie_word_embeddings ? 1 : 2);
  return embeddings + c.num_hidden_layers * layer + c.hidden_size;
}
