/** What every peer trains: the same Llama, the same rows, the same steps; each prints a `Result`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ModelConfig, readModelConfig, readSafetensors } from "../../ts/model/mod.ts";

export interface Task {
  /** Hugging Face folder of a Llama with tied embeddings, in F32. */
  readonly model: string;
  /** Rows of one length; the loss is the mean over all but each row's first token. */
  readonly ids: readonly (readonly number[])[];
  /** Steps compared with the engine's losses; as many more are then timed. */
  readonly steps: number;
  /** Adam without weight decay or clipping. */
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
}

export interface Result {
  readonly version: string;
  readonly device: string;
  /** Before each of the first steps. */
  readonly losses: readonly number[];
  readonly first_step_s: number;
  /** Over the later steps. */
  readonly tokens_per_s: number;
}

export interface Loaded {
  readonly config: ModelConfig;
  readonly task: Task;
  readonly weights: Map<
    string,
    { readonly shape: readonly number[]; readonly data: Float32Array }
  >;
}

/** The task in the folder that the command line names. */
export const loadTask = async (folder: string): Promise<Loaded> => {
  const task: Task = JSON.parse(
    await readFile(join(folder, "task.json"), "utf8"),
  );
  const config = await readModelConfig(task.model);
  const { tensors } = await readSafetensors(
    join(task.model, "model.safetensors"),
  );
  const weights: Loaded["weights"] = new Map();
  for (const [name, tensor] of tensors) {
    weights.set(name, { shape: tensor.shape, data: await tensor.read() });
  }
  return { config, task, weights };
};

/** Runs `step` (which gives the loss before it) and measures. */
export const timeSteps = async (
  { task }: Loaded,
  step: () => Promise<number>,
): Promise<Omit<Result, "version" | "device">> => {
  const losses: number[] = [];
  let first_step_s = 0;
  let started = performance.now();
  for (let i = 0; i < 2 * task.steps; i++) {
    if (i === task.steps) started = performance.now();
    const before = performance.now();
    const loss = await step();
    if (i < task.steps) losses.push(loss);
    if (i === 0) first_step_s = (performance.now() - before) / 1000;
  }
  const seconds = (performance.now() - started) / 1000;
  const tokens = task.steps * task.ids.length * task.ids[0]!.length;
  return { losses, first_step_s, tokens_per_s: tokens / seconds };
};

/** cos and sin (T, head_dim / 2) of every position. */
export const angles = (
  { config, task }: Loaded,
): { cos: Float32Array; sin: Float32Array } => {
  const half = config.head_dim / 2;
  const angle = Array.from({ length: task.ids[0]!.length * half }, (_, i) => {
    const frequency = config.rope.theta ** (-2 * (i % half) / config.head_dim);
    return Math.floor(i / half) * frequency;
  });
  return {
    cos: Float32Array.from(angle, Math.cos),
    sin: Float32Array.from(angle, Math.sin),
  };
};

/** Rows flat, and each token's successor with its weight in the loss: 0 for a row's last. */
export const targets = ({ task }: Loaded) => {
  const flat = Int32Array.from(task.ids.flat());
  const length = task.ids[0]!.length;
  const next = flat.map((_, i) => flat[i + 1] ?? 0);
  const last = (i: number) => i % length === length - 1;
  const share = 1 / (task.ids.length * (length - 1));
  const weight = Float32Array.from(flat, (_, i) => last(i) ? 0 : share);
  return { flat, next, weight };
};

/** What every peer samples: greedy, so that the tokens show that it is the same model. */
export interface GenerationTask {
  /** Hugging Face folder; beside it, `onnx` holds the same weights as `export_onnx.py` writes them. */
  readonly model: string;
  /** Of one length. */
  readonly prompts: readonly (readonly number[])[];
  readonly tokens: number;
}

export interface GenerationResult {
  readonly version: string;
  readonly device: string;
  /** New tokens of each prompt. */
  readonly ids: readonly (readonly number[])[];
  /** New tokens of all prompts at once, prefill included. */
  readonly tokens_per_s: number;
  /** Of the first prompt alone. */
  readonly tokens_per_s_alone: number;
}

export const loadGeneration = async (folder: string): Promise<GenerationTask> =>
  JSON.parse(await readFile(join(folder, "generation.json"), "utf8"));

/** Runs `generate` over all prompts and over one: each once to warm up, once timed. */
export const timeGeneration = async (
  { prompts, tokens }: GenerationTask,
  generate: (
    prompts: readonly (readonly number[])[],
    tokens: number,
  ) => Promise<readonly (readonly number[])[]>,
): Promise<Omit<GenerationResult, "version" | "device">> => {
  const timed = async (rows: readonly (readonly number[])[]) => {
    await generate(rows, 4);
    const started = performance.now();
    const ids = await generate(rows, tokens);
    const seconds = (performance.now() - started) / 1000;
    return { ids, tokens_per_s: ids.flat().length / seconds };
  };
  const { tokens_per_s: tokens_per_s_alone } = await timed(prompts.slice(0, 1));
  return { ...await timed(prompts), tokens_per_s_alone };
};
