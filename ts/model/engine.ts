import type { DeviceInfo } from "../gpu/mod.ts";
import type { ModelConfig } from "./config.ts";
import type { MemoryPlan } from "./memory.ts";

/** What to open and how much room to plan for. */
export interface EngineOptions {
  /** Hugging Face folder. */
  readonly model: string;
  /** PEFT folder; applied, and trained on when `lora` is "continue". */
  readonly adapter?: string;
  /** Train a fresh adapter, or go on with `adapter`; absent: all weights are trained. */
  readonly lora?: FreshLora | "continue";
  /** Plan for gradients and moments. */
  readonly train: boolean;
  /** Tokens of one forward and backward pass; a longer sequence is refused. */
  readonly tokens_per_pass: number;
  /** Longest sequence, prompt and completion together. */
  readonly context: number;
  /** Sequences decoded at once; 0 or absent: no generation. */
  readonly slots?: number;
  readonly provider?: "native" | "dawn";
  /** Weights are made from this seed (`initModelFolder`): of `model` only the configuration is read. */
  readonly fresh_seed?: number;
  /**
   * How the matrices of a model that is not itself trained are kept: 4 bytes a weight, 2, or 5/8 (blocks
   * of 32 with a scale and a zero point, embedding and head in 2 bytes). "f32" if absent.
   */
  readonly weights?: "f32" | "f16" | "q4";
  /** Training keeps one activation a layer and computes the others again: the same bits, a third slower. */
  readonly recompute?: boolean;
  /** Room for the weights of before, as `snapshotReference` keeps them. */
  readonly reference?: boolean;
  /** Room for gradients laid aside, as `foldGradient` does. */
  readonly fold?: boolean;
  /** Keys and values of sampling; with "f16" its log-probs are near the trainer's, no longer equal. */
  readonly cache?: "f32" | "f16";
}

export interface FreshLora {
  readonly rank: number;
  readonly alpha: number;
  readonly targets: readonly string[];
  /** Scale alpha / sqrt(rank) instead of alpha / rank. */
  readonly rslora?: boolean;
  /** Of A's values; B starts at 0. */
  readonly seed: number;
}

/**
 * A model at work on a GPU, behind messages: no call blocks the caller's thread. Calls run in order; only
 * calls of `generate` that follow one another are at work together.
 */
export interface Engine {
  readonly device: DeviceInfo;
  readonly config: ModelConfig;
  readonly memory: MemoryPlan;

  /** Natural log-prob of ids[t] given ids[<t], logits divided by temperature; entry 0 is 0. */
  logProbs(
    rows: readonly Uint32Array[],
    o: { readonly temperature: number; readonly reference?: boolean },
  ): Promise<Float32Array[]>;

  /**
   * The residual stream at each row's last token after every layer, before the final norm: layer-major
   * (layers, hidden), one array a row.
   */
  states(rows: readonly Uint32Array[]): Promise<Float32Array[]>;

  /**
   * Forward and backward: adds d(sum_t dlogp[t] * logp[t])/dtheta to the gradient.
   * Entry 0 of each result is 0, as for `logProbs`; entropy is of the distribution that token t is from.
   */
  accumulate(
    rows: readonly Uint32Array[],
    dlogp: readonly Float32Array[],
    o: { readonly temperature: number },
  ): Promise<{ logProbs: Float32Array[]; entropy: Float32Array[] }>;

  /** folded += weight * clip(gradient, clip_norm); gradient = 0. Returns the norm before clipping. Needs `fold`. */
  foldGradient(o: { readonly weight: number; readonly clip_norm?: number }): Promise<number>;

  /**
   * AdamW on what was folded plus the gradient, clipped by global norm first (0: no clipping), then cleared.
   * A NaN or infinite norm changes nothing but clears the gradient: `skipped`.
   */
  update(o: UpdateOptions): Promise<{ grad_norm: number; skipped: boolean }>;

  /**
   * Why the last update was skipped, by names in the files: the first tensor that holds NaN or infinity, else
   * the first whose gradient did; several where they lie too close to be told apart, none if all were finite.
   */
  unsound(): Promise<readonly string[]>;

  /**
   * `prompts` x `samples` completions, in that order. Requests that differ at most in prompts, samples, seed and
   * max_tokens share the slots, first come, first served; what each gets is the same as if it were alone.
   */
  generate(request: GenerateRequest): Promise<Completion[]>;

  /** The trained weights of now become what `reference: true` asks. Needs the option `reference`. */
  snapshotReference(): Promise<void>;

  /** Hugging Face folder, an adapter merged into it; other files copied from the model's folder. */
  saveModel(folder: string): Promise<void>;
  /** PEFT folder of the adapter. */
  saveAdapter(folder: string): Promise<void>;

  exportState(): Promise<TrainingState>;
  importState(state: TrainingState): Promise<void>;
  close(): Promise<void>;
}

export interface UpdateOptions {
  readonly lr: number;
  readonly betas: readonly [number, number];
  /** Above 0. */
  readonly eps: number;
  readonly weight_decay: number;
  readonly clip_norm: number;
}

export interface GenerateRequest {
  readonly prompts: readonly Uint32Array[];
  readonly samples: number;
  readonly max_tokens: number;
  /** 0: greedy, with log-probs at temperature 1. */
  readonly temperature: number;
  /** Keep the k likeliest (0: all). Log-probs are of what top-k and top-p leave. */
  readonly top_k?: number;
  /** Keep the least set of likeliest tokens whose share is at least p (1: all). */
  readonly top_p?: number;
  readonly seed: number;
  readonly stop: readonly number[];
  /** Once aborted, the request fails with its reason and leaves its slots to others. */
  readonly signal?: AbortSignal;
  /** Called now and then with the number of tokens sampled so far. */
  readonly onProgress?: (tokens: number) => void;
  /** Called with what is new, every few tokens: for streaming. */
  readonly onTokens?: (news: readonly NewTokens[]) => void;
}

/** The next tokens of a completion, while it is sampled. */
export interface NewTokens {
  readonly prompt: number;
  readonly index: number;
  readonly ids: readonly number[];
  readonly logProbs: readonly number[];
}

export interface Completion {
  readonly prompt: number;
  readonly index: number;
  /** New tokens only; with `finish_reason` "stop" the stop token is the last. */
  readonly ids: Uint32Array;
  readonly logProbs: Float32Array;
  readonly finish_reason: "stop" | "length";
}

/**
 * All that training needs to go on bit for bit, but the reference: `weights.NAME`, `moment1.NAME` and
 * `moment2.NAME` of every trained tensor, and the number of updates made.
 */
export interface TrainingState {
  readonly step: number;
  readonly tensors: ReadonlyMap<string, Float32Array>;
}
