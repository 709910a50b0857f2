/**
 * Speed of the engine: `deno run -A bench/engine.ts [--model DIR] [--adapter DIR] [--json]`.
 * Without a model, a random one of the seed model's shape (0.8M parameters).
 *
 * trained: forward, backward and one AdamW update over `ROWS` sequences, the median of `STEPS` after one
 * to warm up; sampled: `SLOTS` sequences at once, prompts of half the length, prefill included. With
 * `--peers`, `bench/engine_peers.ts` and `bench/engine_generation.ts` follow in the same run.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initModelFolder, measureSpeed, openEngine, readModelConfig } from "../ts/model/mod.ts";

const [ROWS, LENGTH, SLOTS, STEPS] = [64, 120, 256, 3];

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
  const { trained_tokens_per_s, scored_tokens_per_s, sampled_tokens_per_s } = await measureSpeed(
    engine,
    { train: true, rows: ROWS, length: LENGTH, steps: STEPS, slots: SLOTS },
  );
  const parameters = countParameters(config);
  const result = {
    device: engine.device.name,
    parameters,
    trained_tokens_per_s,
    // 6 floating-point operations a parameter and token, attention left out
    trained_gflop_per_s: 6e-9 * parameters * trained_tokens_per_s!,
    scored_tokens_per_s,
    sampled_tokens_per_s,
    memory_bytes: engine.memory.total_bytes,
  };
  await engine.close();
  if (Deno.args.includes("--json")) console.log(JSON.stringify(result));
  else console.table(result);
} finally {
  await rm(scratch, { recursive: true });
}

function countParameters(c: Awaited<ReturnType<typeof readModelConfig>>): number {
  const q = c.num_attention_heads * c.head_dim;
  const kv = c.num_key_value_heads * c.head_dim;
  const layer = c.hidden_size * (2 * q + 2 * kv + 3 * c.intermediate_size + 2);
  const embeddings = c.vocab_size * c.hidden_size * (c.tie_word_embeddings ? 1 : 2);
  return embeddings + c.num_hidden_layers * layer + c.hidden_size;
}

if (Deno.args.includes("--peers")) {
  await import("./engine_peers.ts");
  await import("./engine_generation.ts");
}
