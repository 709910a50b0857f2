import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type ModelConfig, parseModelConfig, weightsOf } from "./config.ts";
import {
  copyCompanions,
  type ModelFolder,
  readModelConfig,
  readModelConfigJson,
} from "./folder.ts";
import { type StoredTensor, writeSafetensors } from "./safetensors.ts";

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
  const tensors = [...freshTensors(json, parseModelConfig(json, file), seed)];
  const weights = new Map(tensors.map(([name, { shape, read }]) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const pieces = async function* () {
      for (let at = 0; at < length; at += PIECE) yield await read(at, Math.min(length, at + PIECE));
    };
    return [name, { shape, pieces }];
  }));
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

/** A model of `initModelFolder`'s weights that needs no file but its configuration: folder or `config.json`. */
export const freshModel = async (source: string, seed: number): Promise<ModelFolder> => {
  const folder = basename(source) === "config.json" ? dirname(source) : source;
  const json = await readModelConfigJson(folder);
  const config = await readModelConfig(folder);
  return { folder, config, tensors: freshTensors(json, config, seed) };
};

const freshTensors = (
  json: unknown,
  config: ModelConfig,
  seed: number,
): ReadonlyMap<string, StoredTensor> => {
  const spread = (json as { initializer_range?: number }).initializer_range ?? 0.02;
  const residual = spread / Math.sqrt(2 * config.num_hidden_layers);
  return new Map(
    weightsOf(config).map(({ name, shape }, index): [string, StoredTensor] => {
      const scale = name.endsWith(".bias")
        ? 0
        : /\.(o_proj|down_proj)\.weight$/.test(name)
        ? residual
        : spread;
      const read = (from = 0, end = shape.reduce((a, b) => a * b, 1)) =>
        Promise.resolve(
          name.endsWith("norm.weight")
            ? new Float32Array(end - from).fill(1)
            : normal(from, end, scale, seed, index),
        );
      return [name, { shape, dtype: "F32", read }];
    }),
  );
};

/** Normal numbers (Box and Muller) from a counter, so that each tensor has its own stream. */
const normal = (
  from: number,
  end: number,
  scale: number,
  seed: number,
  tensor: number,
): Float32Array<ArrayBuffer> => {
  const key = mix(mix(seed >>> 0) ^ Math.imul(tensor + 1, 0x9e3779b1));
  const uniform = (counter: number): number => (mix(key ^ mix(counter)) + 0.5) / 2 ** 32;
  const data = new Float32Array(end - from);
  for (let i = 0; scale > 0 && i < data.length; i++) {
    const at = from + i;
    const radius = Math.sqrt(-2 * Math.log(uniform(2 * at)));
    data[i] = scale * radius * Math.cos(2 * Math.PI * uniform(2 * at + 1));
  }
  return data;
};

const PIECE = 2 ** 20;

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the result. */
const mix = (x: number): number => {
  x = Math.imul(x ^ (x >>> 16) ^ 0x5bd1e995, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
};
