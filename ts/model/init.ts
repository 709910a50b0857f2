import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseModelConfig, weightsOf } from "./config.ts";
import { ModelError } from "./errors.ts";
import { saveModelFolder } from "./folder.ts";

/**
 * Writes the Hugging Face folder of an untrained model: the configuration and tokenizer files of `source`
 * with fresh weights. Matrices are normal(0, 0.02), those that write into the residual stream divided by
 * sqrt(2 layers) as in GPT-2 (Radford et al. 2019, section 2.3); norms are 1, biases 0. The weights are a
 * function of configuration and seed.
 */
export const initModelFolder = async (
  source: string,
  folder: string,
  seed: number,
): Promise<void> => {
  const file = join(source, "config.json");
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new ModelError("model-missing", file, `cannot be read (${cause.code ?? cause})`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ModelError("model-config", file, `is not JSON (${(cause as Error).message})`);
  }
  const config = parseModelConfig(json, file);
  const spread = 0.02;
  const residual = spread / Math.sqrt(2 * config.num_hidden_layers);
  const weights = new Map(
    weightsOf(config).map(({ name, shape }, index) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      if (name.endsWith("norm.weight")) data.fill(1);
      else if (!name.endsWith(".bias")) {
        const scale = /\.(o_proj|down_proj)\.weight$/.test(name) ? residual : spread;
        fillNormal(data, scale, seed, index);
      }
      return [name, { shape, data }];
    }),
  );
  await saveModelFolder(folder, weights, source);
};

/** Normal numbers (Box and Muller) from a counter, so that each tensor has its own stream. */
const fillNormal = (data: Float32Array, scale: number, seed: number, tensor: number): void => {
  const key = mix(mix(seed >>> 0) ^ Math.imul(tensor + 1, 0x9e3779b1));
  const uniform = (counter: number): number => (mix(key ^ mix(counter)) + 0.5) / 2 ** 32;
  for (let i = 0; i < data.length; i++) {
    const radius = Math.sqrt(-2 * Math.log(uniform(2 * i)));
    data[i] = scale * radius * Math.cos(2 * Math.PI * uniform(2 * i + 1));
  }
};

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the result. */
const mix = (x: number): number => {
  x = Math.imul(x ^ (x >>> 16) ^ 0x5bd1e995, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
};
