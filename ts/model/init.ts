import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseModelConfig, weightsOf } from "./config.ts";
import { copyCompanions, readModelConfigJson } from "./folder.ts";
import { writeSafetensors } from "./safetensors.ts";

/** The keys of a `config.json` that shape a decoder; the rest have Transformers' defaults. */
export type ModelShape = Readonly<Record<string, unknown>>;

/**
 * Writes the Hugging Face folder of an untrained model: `source` is a folder, whose configuration and
 * tokenizer files are taken over, or the configuration itself (a Llama unless it names an architecture).
 * Matrices are normal(0, `initializer_range`, by default 0.02), those that write into the residual stream
 * divided by sqrt(2 layers) as in GPT-2 (Radford et al. 2019, section 2.3); norms are 1, biases 0. The
 * weights are a function of configuration and seed, and are made one tensor at a time.
 */
export const initModelFolder = async (
  source: string | ModelShape,
  folder: string,
  seed: number,
): Promise<void> => {
  const [json, file] = typeof source === "string"
    ? [await readModelConfigJson(source), join(source, "config.json")]
    : [{ ...LLAMA, ...source }, "config.json"];
  const config = parseModelConfig(json, file);
  const spread = (json as { initializer_range?: number }).initializer_range ?? 0.02;
  const residual = spread / Math.sqrt(2 * config.num_hidden_layers);
  const weights = new Map(
    weightsOf(config).map(({ name, shape }, index) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const scale = name.endsWith(".bias")
        ? 0
        : /\.(o_proj|down_proj)\.weight$/.test(name)
        ? residual
        : spread;
      const pieces = name.endsWith("norm.weight")
        ? () => [new Float32Array(length).fill(1)]
        : () => normal(length, scale, seed, index);
      return [name, { shape, pieces }];
    }),
  );
  await mkdir(folder, { recursive: true });
  if (typeof source === "string") await copyCompanions(source, folder);
  else await writeFile(join(folder, "config.json"), `${JSON.stringify(json, null, 2)}\n`);
  // Weights are written last, so where they are the folder is whole.
  await writeSafetensors(join(folder, "model.safetensors"), weights);
};

const LLAMA = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_act: "silu",
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: true,
  max_position_embeddings: 2048,
  initializer_range: 0.02,
  torch_dtype: "float32",
};

/** Normal numbers (Box and Muller) from a counter, so that each tensor has its own stream. */
const normal = function* (
  length: number,
  scale: number,
  seed: number,
  tensor: number,
): Generator<Float32Array> {
  const key = mix(mix(seed >>> 0) ^ Math.imul(tensor + 1, 0x9e3779b1));
  const uniform = (counter: number): number => (mix(key ^ mix(counter)) + 0.5) / 2 ** 32;
  for (let start = 0; start < length; start += PIECE) {
    const data = new Float32Array(Math.min(PIECE, length - start));
    for (let i = 0; scale > 0 && i < data.length; i++) {
      const at = start + i;
      const radius = Math.sqrt(-2 * Math.log(uniform(2 * at)));
      data[i] = scale * radius * Math.cos(2 * Math.PI * uniform(2 * at + 1));
    }
    yield data;
  }
};

const PIECE = 2 ** 20;

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the result. */
const mix = (x: number): number => {
  x = Math.imul(x ^ (x >>> 16) ^ 0x5bd1e995, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
};
