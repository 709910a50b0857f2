import { ModelError } from "./errors.ts";

/** Rotary embedding: the base `theta` and Llama 3's rescaling of low frequencies, if any. */
export interface RopeConfig {
  readonly theta: number;
  readonly llama3?: {
    readonly factor: number;
    readonly low_freq_factor: number;
    readonly high_freq_factor: number;
    readonly original_max_position_embeddings: number;
  };
}

/** A RMSNorm + RoPE + grouped-query attention + SwiGLU decoder, in Hugging Face's words. */
export interface ModelConfig {
  readonly architecture: "LlamaForCausalLM" | "Qwen2ForCausalLM" | "Qwen3ForCausalLM";
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly rms_norm_eps: number;
  readonly max_position_embeddings: number;
  readonly tie_word_embeddings: boolean;
  readonly rope: RopeConfig;
  /** Biases on q, k and v (Qwen2). */
  readonly qkv_bias: boolean;
  /** RMSNorm of q and k over head_dim, before the rotation (Qwen3). */
  readonly qk_norm: boolean;
  /** Tokens that end a completion, as the folder declares them. */
  readonly eos_token_ids: readonly number[];
  readonly bos_token_id: number | undefined;
}

/**
 * Reads `config.json` in either spelling that Transformers has used: 5 (`rope_parameters`) and 4
 * (`rope_theta`, `rope_scaling`). What the engine does not compute is an error that names the key,
 * never ignored.
 */
export const parseModelConfig = (json: unknown, file = "config.json"): ModelConfig => {
  const fail = (message: string): never => {
    throw new ModelError("model-config", file, message);
  };
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return fail("expected a JSON object");
  }
  const config = json as Record<string, unknown>;
  const positive = (key: string, fallback?: number): number => {
    const value = config[key] ?? fallback;
    if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
    return fail(`"${key}" must be a positive integer, not ${JSON.stringify(config[key])}`);
  };
  const real = (at: Record<string, unknown>, key: string, fallback?: number): number => {
    const value = at[key] ?? fallback;
    if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
    return fail(`"${key}" must be a positive number, not ${JSON.stringify(at[key])}`);
  };
  const unsupported = (message: string): never => {
    throw new ModelError("model-unsupported", file, message);
  };

  const architecture = Array.isArray(config["architectures"])
    ? config["architectures"][0]
    : undefined;
  if (
    architecture !== "LlamaForCausalLM" && architecture !== "Qwen2ForCausalLM" &&
    architecture !== "Qwen3ForCausalLM"
  ) {
    return unsupported(
      `architecture ${JSON.stringify(architecture ?? config["model_type"])} is not supported; ` +
        "expected LlamaForCausalLM, Qwen2ForCausalLM or Qwen3ForCausalLM",
    );
  }
  if ((config["hidden_act"] ?? "silu") !== "silu") {
    return unsupported(`"hidden_act" is ${JSON.stringify(config["hidden_act"])}; expected "silu"`);
  }
  if (config["mlp_bias"] === true) return unsupported('"mlp_bias" is true; expected false');
  if (config["attention_bias"] === true) {
    return unsupported(
      '"attention_bias" is true; expected false (Qwen2 has its own q, k, v biases)',
    );
  }
  refuseWindows(config, architecture, unsupported);
  if (config["quantization_config"] != null) {
    return unsupported(
      '"quantization_config" is set; expected weights in F32, F16 or BF16 (quantise them here, with ' +
        'the engine\'s weights: "q4")',
    );
  }
  for (const key of ["dtype", "torch_dtype"]) {
    const dtype = config[key];
    if (dtype != null && !["float32", "float16", "bfloat16", "auto"].includes(dtype as string)) {
      return unsupported(
        `"${key}" is ${JSON.stringify(dtype)}; expected float32, float16 or bfloat16`,
      );
    }
  }

  const hidden_size = positive("hidden_size");
  const num_attention_heads = positive("num_attention_heads");
  const num_key_value_heads = positive("num_key_value_heads", num_attention_heads);
  if (num_attention_heads % num_key_value_heads !== 0) {
    return fail(
      `"num_attention_heads" (${num_attention_heads}) must be a multiple of ` +
        `"num_key_value_heads" (${num_key_value_heads})`,
    );
  }
  if (config["head_dim"] == null && hidden_size % num_attention_heads !== 0) {
    return fail('"head_dim" is absent and "hidden_size" is no multiple of "num_attention_heads"');
  }
  const head_dim = positive("head_dim", hidden_size / num_attention_heads);
  if (head_dim % 2 !== 0) return fail(`"head_dim" must be even to be rotated, not ${head_dim}`);

  const ids = (value: unknown): readonly number[] =>
    (Array.isArray(value) ? value : value == null ? [] : [value]).map((id) =>
      Number.isSafeInteger(id) && id >= 0
        ? id as number
        : fail('"eos_token_id" must hold token ids')
    );
  return {
    architecture,
    vocab_size: positive("vocab_size"),
    hidden_size,
    intermediate_size: positive("intermediate_size"),
    num_hidden_layers: positive("num_hidden_layers"),
    num_attention_heads,
    num_key_value_heads,
    head_dim,
    rms_norm_eps: real(config, "rms_norm_eps", 1e-6),
    max_position_embeddings: positive(
      "max_position_embeddings",
      architecture === "LlamaForCausalLM" ? 2048 : 32768, // as Transformers has them
    ),
    tie_word_embeddings: config["tie_word_embeddings"] === true,
    rope: rope(),
    qkv_bias: architecture === "Qwen2ForCausalLM",
    qk_norm: architecture === "Qwen3ForCausalLM",
    eos_token_ids: ids(config["eos_token_id"]),
    bos_token_id: typeof config["bos_token_id"] === "number" ? config["bos_token_id"] : undefined,
  };

  function rope(): RopeConfig {
    const parameters = object("rope_parameters");
    const scaling = parameters ?? object("rope_scaling");
    const theta = real(parameters ?? config, "rope_theta", 10000);
    const part = scaling?.["partial_rotary_factor"] ?? config["partial_rotary_factor"] ?? 1;
    if (part !== 1) return unsupported(`"partial_rotary_factor" is ${part}; expected 1`);
    const type = scaling?.["rope_type"] ?? scaling?.["type"] ?? "default";
    if (type === "default") return { theta };
    if (type !== "llama3" || scaling === undefined) {
      return unsupported(`rope type ${JSON.stringify(type)}; expected "default" or "llama3"`);
    }
    return {
      theta,
      llama3: {
        factor: real(scaling, "factor"),
        low_freq_factor: real(scaling, "low_freq_factor"),
        high_freq_factor: real(scaling, "high_freq_factor"),
        original_max_position_embeddings: real(scaling, "original_max_position_embeddings"),
      },
    };
  }

  function object(key: string): Record<string, unknown> | undefined {
    const value = config[key];
    if (value == null) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) {
      return fail(`"${key}" must be an object`);
    }
    return value as Record<string, unknown>;
  }
};

/** Attention here sees all tokens before: a window is refused unless the folder says that it is off. */
const refuseWindows = (
  config: Record<string, unknown>,
  architecture: ModelConfig["architecture"],
  unsupported: (message: string) => never,
): void => {
  const { use_sliding_window: use, sliding_window: window, layer_types: types } = config;
  if (use === true) return unsupported('"use_sliding_window" is true; expected false');
  // Qwen's folders name a window and leave it off; a Llama has no switch, so the size alone counts.
  if (architecture === "LlamaForCausalLM" && use !== false && window != null) {
    return unsupported(`"sliding_window" is ${JSON.stringify(window)}; expected null`);
  }
  const stranger = Array.isArray(types) ? types.find((type) => type !== "full_attention") : null;
  if (stranger != null) {
    return unsupported(
      `"layer_types" has ${JSON.stringify(stranger)}; expected "full_attention" for every layer`,
    );
  }
};

/** One weight of the model: its name in the folder and its `[out, in]` (or `[n]`) shape. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Every weight that a folder of this configuration must hold, in the order of the forward pass. */
export const weightsOf = (c: ModelConfig): readonly Weight[] => {
  const q = c.num_attention_heads * c.head_dim;
  const kv = c.num_key_value_heads * c.head_dim;
  const layer = (i: number): Weight[] => {
    const at = (name: string, ...shape: number[]): Weight => ({
      name: `model.layers.${i}.${name}`,
      shape,
    });
    return [
      at("input_layernorm.weight", c.hidden_size),
      at("self_attn.q_proj.weight", q, c.hidden_size),
      at("self_attn.k_proj.weight", kv, c.hidden_size),
      at("self_attn.v_proj.weight", kv, c.hidden_size),
      ...(c.qkv_bias
        ? [
          at("self_attn.q_proj.bias", q),
          at("self_attn.k_proj.bias", kv),
          at("self_attn.v_proj.bias", kv),
        ]
        : []),
      ...(c.qk_norm
        ? [at("self_attn.q_norm.weight", c.head_dim), at("self_attn.k_norm.weight", c.head_dim)]
        : []),
      at("self_attn.o_proj.weight", c.hidden_size, q),
      at("post_attention_layernorm.weight", c.hidden_size),
      at("mlp.gate_proj.weight", c.intermediate_size, c.hidden_size),
      at("mlp.up_proj.weight", c.intermediate_size, c.hidden_size),
      at("mlp.down_proj.weight", c.hidden_size, c.intermediate_size),
    ];
  };
  return [
    { name: "model.embed_tokens.weight", shape: [c.vocab_size, c.hidden_size] },
    ...Array.from({ length: c.num_hidden_layers }, (_, i) => layer(i)).flat(),
    { name: "model.norm.weight", shape: [c.hidden_size] },
    ...(c.tie_word_embeddings
      ? []
      : [{ name: "lm_head.weight", shape: [c.vocab_size, c.hidden_size] }]),
  ];
};
