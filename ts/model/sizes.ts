import type { RopeFrequencies } from "../gpu/mod.ts";
import type { ModelConfig } from "./config.ts";

/**
 * Sizes of a decoder as the engine lays it out. `_p` sizes are padded to multiples of 4, with zeros in
 * every matrix, so that all rows are whole vec4s; padding stays 0 forward, backward and in the optimizer.
 */
export interface Sizes {
  readonly layers: number;
  readonly vocab: number;
  readonly vocab_p: number;
  readonly hidden: number;
  readonly hidden_p: number;
  readonly mlp: number;
  readonly mlp_p: number;
  readonly heads: number;
  readonly kv_heads: number;
  readonly head: number;
  readonly head_p: number;
  /** heads * head_p: a row of queries. */
  readonly q_width: number;
  /** kv_heads * head_p: a row of keys, or of values. */
  readonly kv_width: number;
  /** A row of queries, keys and values. */
  readonly qkv_width: number;
  readonly eps: number;
  readonly rope: RopeFrequencies;
  readonly tied: boolean;
  /** RMSNorm over each head of q and k before rotation (Qwen3). */
  readonly qk_norm: boolean;
  /** Biases on q, k and v (Qwen2). */
  readonly qkv_bias: boolean;
}

export const pad4 = (count: number): number => Math.ceil(count / 4) * 4;
export const sizesOf = (c: ModelConfig): Sizes => {
  const head_p = pad4(c.head_dim);
  const q_width = c.num_attention_heads * head_p;
  const kv_width = c.num_key_value_heads * head_p;
  return {
    layers: c.num_hidden_layers,
    vocab: c.vocab_size,
    vocab_p: pad4(c.vocab_size),
    hidden: c.hidden_size,
    hidden_p: pad4(c.hidden_size),
    mlp: c.intermediate_size,
    mlp_p: pad4(c.intermediate_size),
    heads: c.num_attention_heads,
    kv_heads: c.num_key_value_heads,
    head: c.head_dim,
    head_p,
    q_width,
    kv_width,
    qkv_width: q_width + 2 * kv_width,
    eps: c.rms_norm_eps,
    rope: c.rope,
    tied: c.tie_word_embeddings,
    qk_norm: c.qk_norm,
    qkv_bias: c.qkv_bias,
  };
};
