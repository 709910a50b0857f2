import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseModelConfig, weightsOf } from "./config.ts";
import { writeSafetensors } from "./safetensors.ts";

/** Shape of a model to make up; a Llama unless `architecture` says otherwise. */
export interface RandomModelShape {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly tie_word_embeddings?: boolean;
  readonly max_position_embeddings?: number;
  readonly architecture?: "LlamaForCausalLM" | "Qwen2ForCausalLM" | "Qwen3ForCausalLM";
  /** Standard deviation of matrices; norms start at 1, biases at 0. */
  readonly initializer_range?: number;
  readonly seed: number;
}

/** Writes a Hugging Face folder with random weights: what training from nothing starts from. */
export const randomModel = async (folder: string, shape: RandomModelShape): Promise<void> => {
  const { seed, architecture = "LlamaForCausalLM", ...rest } = shape;
  const json = {
    architectures: [architecture],
    model_type: architecture.replace("ForCausalLM", "").toLowerCase(),
    hidden_act: "silu",
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    tie_word_embeddings: true,
    max_position_embeddings: 2048,
    initializer_range: 0.02,
    torch_dtype: "float32",
    ...rest,
  };
  const config = parseModelConfig(json);
  const normal = gaussian(seed);
  const spread = json.initializer_range;
  const weights = new Map(
    weightsOf(config).map(({ name, shape }) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const draw = name.endsWith("norm.weight")
        ? () => 1
        : name.endsWith(".bias")
        ? () => 0
        : () => spread * normal();
      return [name, { shape, data: Float32Array.from({ length }, draw) }];
    }),
  );
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), `${JSON.stringify(json, null, 2)}\n`);
  await writeSafetensors(join(folder, "model.safetensors"), weights);
};

/** Standard normal numbers (Box and Muller) from a seeded generator. */
const gaussian = (seed: number) => {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (((mixed ^ (mixed >>> 15)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
};
