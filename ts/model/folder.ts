import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseModelConfig, weightsOf } from "./config.ts";
import type { ModelConfig } from "./config.ts";
import { ModelError } from "./errors.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import type { StoredTensor, Writable } from "./safetensors.ts";

/** A Hugging Face model folder whose every weight is known to be there in its shape. */
export interface ModelFolder {
  readonly folder: string;
  readonly config: ModelConfig;
  /** By the name in the files; a tied model has no `lm_head.weight`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Opens `config.json` and `model.safetensors` (or the shards of `model.safetensors.index.json`).
 * Presence and shape of all weights are checked before any weight is read.
 */
export const openModelFolder = async (folder: string): Promise<ModelFolder> => {
  const config = await readModelConfig(folder);
  const index = await readJson(join(folder, "model.safetensors.index.json"), true);
  const found = new Map<string, { tensor: StoredTensor; file: string }>();
  for (const name of index === undefined ? ["model.safetensors"] : shardsOf(index, folder)) {
    const file = join(folder, name);
    for (const [key, tensor] of (await readSafetensors(file)).tensors) {
      found.set(key, { tensor, file });
    }
  }
  const tensors = new Map<string, StoredTensor>();
  for (const { name, shape } of weightsOf(config)) {
    const entry = found.get(name);
    if (entry === undefined) {
      throw new ModelError(
        "tensor-missing",
        folder,
        `${name} [${shape}] is in no safetensors file`,
      );
    }
    if (entry.tensor.shape.join() !== shape.join()) {
      throw new ModelError(
        "tensor-shape",
        entry.file,
        `${name} is [${entry.tensor.shape}]; config.json asks for [${shape}]`,
      );
    }
    tensors.set(name, entry.tensor);
  }
  return { folder, config, tensors };
};

/** `config.json`; the tokens that end a completion are those of `generation_config.json` if it has any. */
export const readModelConfig = async (folder: string): Promise<ModelConfig> => {
  const json = await readModelConfigJson(folder);
  const generation = await readJson(join(folder, "generation_config.json"), true);
  const eos_token_id = (generation as { eos_token_id?: unknown } | undefined)?.eos_token_id;
  const both = typeof json === "object" && json !== null && eos_token_id != null
    ? { ...json, eos_token_id }
    : json;
  return parseModelConfig(both, join(folder, "config.json"));
};

export const readModelConfigJson = (folder: string): Promise<unknown> =>
  readJson(join(folder, "config.json"), false);

/**
 * Writes `weights` (F32, Hugging Face's names and shapes) into `folder`, with the configuration and
 * tokenizer files of the folder that the model came from.
 */
export const saveModelFolder = async (
  folder: string,
  weights: ReadonlyMap<string, Writable>,
  source: string,
): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await copyCompanions(source, folder);
  await writeSafetensors(join(folder, "model.safetensors"), weights);
};

/** Everything in a model folder that is not a weight: configuration, tokenizer, licence, card. */
export const copyCompanions = async (source: string, folder: string): Promise<void> => {
  for (const entry of await readdir(source, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name.includes("safetensors")) continue;
    await copyFile(join(source, entry.name), join(folder, entry.name));
  }
};

const shardsOf = (index: unknown, folder: string): readonly string[] => {
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  const file = join(folder, "model.safetensors.index.json");
  if (typeof map !== "object" || map === null) {
    throw new ModelError("safetensors-malformed", file, '"weight_map" must be an object');
  }
  const shards = new Set(Object.values(map));
  for (const shard of shards) {
    // A shard is a file of this folder; a path that leads elsewhere is not followed.
    if (typeof shard !== "string" || shard.includes("/") || shard.includes("\\")) {
      throw new ModelError(
        "safetensors-malformed",
        file,
        `shard ${JSON.stringify(shard)} is no file name`,
      );
    }
  }
  return [...shards] as string[];
};

const readJson = async (file: string, optional: boolean): Promise<unknown> => {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if (optional) return undefined;
    throw new ModelError(
      "model-missing",
      file,
      `cannot be read (${(cause as { code?: string }).code ?? cause})`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelError("model-config", file, `is not JSON (${(cause as Error).message})`);
  }
};
