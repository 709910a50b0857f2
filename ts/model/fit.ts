/** Which models can be trained here, and about how fast: by plan and a short probe of the adapter. */
import type { Peak } from "../gpu/mod.ts";
import { loraModules } from "./adapter.ts";
import { type ModelConfig, parseModelConfig, weightsOf } from "./config.ts";
import { planMemory } from "./memory.ts";

export interface Fit {
  readonly model: string;
  readonly parameters: number;
  readonly method: string;
  readonly bytes: number;
  /** Against the memory told; undefined if none was. */
  readonly fits: boolean | undefined;
  readonly trained_tokens_per_s: number;
  readonly sampled_tokens_per_s: number;
  /** What to set in a recipe, as `calque train --set` takes it. */
  readonly settings: readonly string[];
}

/** Every model with every method; `memory_bytes` is what the GPU has, if that is known. */
export const fitTable = (
  peak: Peak,
  o: { readonly context: number; readonly slots: number; readonly memory_bytes?: number },
): readonly Fit[] =>
  Object.entries(MODELS).flatMap(([model, json]) => {
    const config = parseModelConfig(json);
    const parameters = countParameters(config);
    return METHODS.map(({ method, weights, lora, weight_bytes }): Fit => {
      const { total_bytes: bytes } = planMemory(config, {
        model,
        train: true,
        tokens_per_pass: o.context,
        context: o.context,
        slots: o.slots,
        recompute: true,
        // The recipe may ask for KL and GEPO too.
        reference: true,
        fold: true,
        weights,
        ...(lora ? { lora: LORA } : {}),
      });
      // Operations a parameter and token: 2 forward, 2 again, 2 back to the inputs, 2 to the weights.
      const flop = (lora ? 6 : 8) * parameters;
      const decode_s = Math.max(
        2e-9 * o.slots * parameters / peak.matmul_gflop_per_s,
        1e-9 * weight_bytes * parameters / peak.copy_gbyte_per_s,
      );
      return {
        model,
        parameters,
        method,
        bytes,
        fits: o.memory_bytes === undefined ? undefined : bytes <= o.memory_bytes,
        trained_tokens_per_s: 1e9 * peak.matmul_gflop_per_s / flop,
        sampled_tokens_per_s: o.slots / decode_s,
        settings: [
          `model=${model}`,
          `engine.tokens_per_pass=${o.context}`,
          `engine.context=${o.context}`,
          `engine.slots=${o.slots}`,
          "engine.recompute=true",
          ...(lora
            ? [
              `engine.weights=${weights}`,
              `lora.rank=${LORA.rank}`,
              `lora.alpha=${LORA.alpha}`,
              `lora.targets=${JSON.stringify(LORA.targets)}`,
            ]
            : []),
        ],
      };
    });
  });

const LORA = { rank: 16, alpha: 32, targets: loraModules, seed: 0 };

const METHODS = [
  { method: "all weights", weights: "f32", lora: false, weight_bytes: 4 },
  { method: "LoRA over f32", weights: "f32", lora: true, weight_bytes: 4 },
  { method: "LoRA over f16", weights: "f16", lora: true, weight_bytes: 2 },
  { method: "LoRA over 4 bits", weights: "q4", lora: true, weight_bytes: 0.625 },
] as const;

const countParameters = (config: ModelConfig): number =>
  weightsOf(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

const shape = (
  architecture: string,
  [vocab_size, hidden_size, intermediate_size, num_hidden_layers]: readonly number[],
  [num_attention_heads, num_key_value_heads, head_dim]: readonly number[],
  tie_word_embeddings = true,
) => ({
  architectures: [`${architecture}ForCausalLM`],
  vocab_size,
  hidden_size,
  intermediate_size,
  num_hidden_layers,
  num_attention_heads,
  num_key_value_heads,
  head_dim,
  tie_word_embeddings,
});

/** Sizes that the models' makers publish, by their names on the hub. */
const MODELS = {
  "HuggingFaceTB/SmolLM2-135M": shape("Llama", [49152, 576, 1536, 30], [9, 3, 64]),
  "HuggingFaceTB/SmolLM2-360M": shape("Llama", [49152, 960, 2560, 32], [15, 5, 64]),
  "Qwen/Qwen2.5-Coder-0.5B": shape("Qwen2", [151936, 896, 4864, 24], [14, 2, 64]),
  "Qwen/Qwen3-0.6B": shape("Qwen3", [151936, 1024, 3072, 28], [16, 8, 128]),
  "meta-llama/Llama-3.2-1B": shape("Llama", [128256, 2048, 8192, 16], [32, 8, 64]),
  "Qwen/Qwen2.5-Coder-1.5B": shape("Qwen2", [151936, 1536, 8960, 28], [12, 2, 128]),
  "Qwen/Qwen3-8B": shape("Qwen3", [151936, 4096, 12288, 36], [32, 8, 128], false),
};
