import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelConfig } from "./config.ts";
import { weightsOf } from "./config.ts";
import { ModelError } from "./errors.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import type { StoredTensor } from "./safetensors.ts";

/** The seven projections that LoRA can adapt, by the names PEFT knows. */
export const loraModules = [
  "q_proj",
  "k_proj",
  "v_proj",
  "o_proj",
  "gate_proj",
  "up_proj",
  "down_proj",
] as const;
export type LoraModule = typeof loraModules[number];

/** `W + scale * B A` on the target projections; scale = alpha / rank, or alpha / sqrt(rank) with rslora. */
export interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly rslora: boolean;
  readonly targets: readonly LoraModule[];
}

/** A PEFT folder; tensors are named as in its file, `A` [rank, in] and `B` [out, rank]. */
export interface AdapterFolder {
  readonly folder: string;
  readonly config: AdapterConfig;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

export const loraScale = (config: AdapterConfig): number =>
  config.alpha / (config.rslora ? Math.sqrt(config.rank) : config.rank);

/** PEFT's name of one half of the adapter of `model.layers.N.(self_attn|mlp).MODULE`. */
export const adapterTensorName = (module: string, half: "A" | "B"): string =>
  `base_model.model.${module}.lora_${half}.weight`;

/** Opens an adapter for a model of `model`'s shape; an option that would change the result is an error. */
export const openAdapterFolder = async (
  folder: string,
  model: ModelConfig,
): Promise<AdapterFolder> => {
  const file = join(folder, "adapter_config.json");
  const config = parseAdapterConfig(await readText(file), file);
  const weights = join(folder, "adapter_model.safetensors");
  const { tensors } = await readSafetensors(weights);
  const expected = adapterWeights(config, model);
  for (const { name, shape } of expected) {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new ModelError("tensor-missing", weights, `${name} [${shape}] is not there`);
    }
    if (tensor.shape.join() !== shape.join()) {
      throw new ModelError(
        "tensor-shape",
        weights,
        `${name} is [${tensor.shape}]; expected [${shape}]`,
      );
    }
  }
  const known = new Set(expected.map(({ name }) => name));
  for (const name of tensors.keys()) {
    if (!known.has(name)) {
      throw new ModelError("adapter-config", weights, `${name} belongs to no target of ${file}`);
    }
  }
  return { folder, config, tensors };
};

/** Names and shapes of all tensors of an adapter with this configuration. */
export const adapterWeights = (
  config: AdapterConfig,
  model: ModelConfig,
): readonly { readonly name: string; readonly shape: readonly number[] }[] =>
  weightsOf(model).flatMap(({ name, shape }) => {
    const module = name.replace(/\.weight$/, "");
    const [rows, columns] = shape;
    if (columns === undefined || !config.targets.some((t) => module.endsWith(`.${t}`))) return [];
    return [
      { name: adapterTensorName(module, "A"), shape: [config.rank, columns] },
      { name: adapterTensorName(module, "B"), shape: [rows!, config.rank] },
    ];
  });

/** Writes a PEFT folder that `PeftModel.from_pretrained` loads. */
export const saveAdapterFolder = async (
  folder: string,
  config: AdapterConfig,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  baseModel: string,
): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const json = {
    base_model_name_or_path: baseModel,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: config.alpha,
    lora_dropout: 0,
    peft_type: "LORA",
    r: config.rank,
    target_modules: config.targets,
    task_type: "CAUSAL_LM",
    use_dora: false,
    use_rslora: config.rslora,
  };
  const file = join(folder, "adapter_config.json");
  await writeFile(`${file}.writing`, `${JSON.stringify(json, null, 2)}\n`, { flush: true });
  await rename(`${file}.writing`, file);
  await writeSafetensors(join(folder, "adapter_model.safetensors"), tensors);
};

export const parseAdapterConfig = (text: string, file: string): AdapterConfig => {
  const fail = (message: string): never => {
    throw new ModelError("adapter-config", file, message);
  };
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return fail(`is not JSON (${(cause as Error).message})`);
  }
  if (typeof json !== "object" || json === null) return fail("expected a JSON object");
  if (json["peft_type"] !== "LORA") {
    return fail(`"peft_type" is ${JSON.stringify(json["peft_type"])}; expected "LORA"`);
  }
  const positive = (key: string, integer: boolean): number => {
    const value = json[key];
    if (typeof value === "number" && value > 0 && (!integer || Number.isSafeInteger(value))) {
      return value;
    }
    return fail(`"${key}" must be a positive ${integer ? "integer" : "number"}`);
  };
  if ((json["bias"] ?? "none") !== "none") return fail('"bias" must be "none"');
  for (const key of ["use_dora", "lora_bias", "fan_in_fan_out"]) {
    if (json[key] === true) return fail(`"${key}" is true, which is not supported`);
  }
  for (const key of ["rank_pattern", "alpha_pattern"]) {
    if (Object.keys(json[key] ?? {}).length > 0) return fail(`"${key}" is not supported`);
  }
  for (const key of ["modules_to_save", "layers_to_transform", "exclude_modules"]) {
    if (json[key] != null) return fail(`"${key}" is not supported`);
  }
  const targets = json["target_modules"];
  if (!Array.isArray(targets) || targets.length === 0) {
    return fail('"target_modules" must be a list of projection names');
  }
  for (const target of targets) {
    if (!loraModules.includes(target)) {
      return fail(
        `target module ${JSON.stringify(target)}; expected one of ${loraModules.join(", ")}`,
      );
    }
  }
  return {
    rank: positive("r", true),
    alpha: positive("lora_alpha", false),
    rslora: json["use_rslora"] === true,
    targets: loraModules.filter((module) => targets.includes(module)),
  };
};

const readText = (file: string): Promise<string> =>
  readFile(file, "utf8").catch((cause) => {
    throw new ModelError("model-missing", file, `cannot be read (${cause.code ?? cause})`);
  });
