import { BLOCK_WORDS, COLUMN_CHUNK, HYPER, TOKEN_WORDS, type WeightFormat } from "../gpu/mod.ts";
import type { AdapterConfig } from "./adapter.ts";
import type { ModelConfig } from "./config.ts";
import type { EngineOptions } from "./engine.ts";
import { ModelError } from "./errors.ts";
import { arenaCuts } from "./arena.ts";
import { adapterLayout, type Layout, modelLayout, shardsOf } from "./layout.ts";
import { pad4, type Sizes, sizesOf } from "./sizes.ts";

/**
 * What an engine of these options will allocate, in named parts; pure. `adapter` is the configuration of
 * the folder that `o.adapter` names, if it does.
 */
export const planMemory = (
  config: ModelConfig,
  o: EngineOptions,
  adapter?: AdapterConfig,
): MemoryPlan => {
  const fresh = typeof o.lora === "object" ? o.lora : undefined;
  return summarize(sizesOf(config), resolveOptions(o, adapter ?? fresh));
};

/** What a plan of the engine depends on, after every default. */
export interface PlanOptions {
  readonly train: boolean;
  readonly tokens_per_pass: number;
  readonly context: number;
  readonly slots: number;
  /** A matrix with more bytes is bound in shards of rows. */
  readonly shard_bytes: number;
  /** How the matrices of a frozen model are stored. */
  readonly weights: WeightFormat;
  /** Layers keep only the stream that enters them. */
  readonly recompute: boolean;
  readonly reference: boolean;
  readonly fold: boolean;
  readonly cache: "f32" | "f16";
  readonly lora?: { readonly rank: number; readonly targets: readonly string[] } | undefined;
}

/** Every buffer of the engine by name, in 4-byte words. Nothing else is allocated. */
export type BufferPlan = ReadonlyMap<string, number>;

/** Named parts in bytes, for a table; `largest` is what must fit one binding. */
export interface MemoryPlan {
  readonly parts: Readonly<Record<string, number>>;
  readonly total_bytes: number;
  readonly largest: { readonly name: string; readonly bytes: number };
}

/** Rows of logits that exist at once: at most 64 MiB of them, in whole 64s. */
export const logitsRows = (s: Sizes, o: Rows): number =>
  Math.min(passRows(o), Math.max(64, Math.floor(2 ** 24 / s.vocab_p / 64) * 64));

/** Rows of the flat token stream that one pass may hold. */
type Rows = Pick<PlanOptions, "tokens_per_pass" | "slots">;
export const passRows = (o: Rows): number => Math.max(o.tokens_per_pass, o.slots);

/**
 * What every adapter grants a binding by WebGPU's default limits. Larger matrices are sharded on every
 * adapter alike, whatever it grants: the order of sums, and so the bits, must not depend on it.
 */
const SHARD_BYTES = 2 ** 27;

/** Tokens that a sampling burst may write back per row. */
export const BURST_MAX = 32;
export const STOPS_MAX = 64;

export const planBuffers = (s: Sizes, o: PlanOptions): BufferPlan => {
  const plan = new Map<string, number>();
  const N = passRows(o);
  const model = modelLayout(s, o.weights);
  const adapter = o.lora && adapterLayout(s, o.lora.rank, o.lora.targets);
  const trained = adapter ?? model;
  const add = (name: string, words: number) => plan.set(name, words);
  const addArena = (name: string, layout: Layout) =>
    arenaCuts(layout, o.shard_bytes).forEach((words, i) => add(`${name}.${i}`, words));

  addArena("weights.model", model);
  if (adapter) addArena("weights.adapter", adapter);
  if (o.train) {
    addArena("gradients.sum", trained);
    if (o.fold) addArena("gradients.folded", trained);
    add("gradients.partial", squareChunks(trained, o.shard_bytes).ends.at(-1)!);
    add("gradients.norm", 4);
    addArena("moments.first", trained);
    addArena("moments.second", trained);
    add("moments.hyper", HYPER.length);
    if (o.reference) addArena("reference.weights", trained);
  }

  // Without training, and when they are computed again, all layers share one set of activations.
  for (let l = 0; l < (o.train ? s.layers : 1); l++) {
    const layer = `activations.${l}`;
    add(`${layer}.x`, N * s.hidden_p);
    if (l > 0 && o.recompute) continue;
    add(`${layer}.norm1`, N * s.hidden_p);
    add(`${layer}.scale1`, N);
    add(`${layer}.qkv`, N * s.qkv_width);
    if (s.qk_norm) {
      add(`${layer}.qk`, N * s.qkv_width);
      add(`${layer}.scale_q`, N * s.heads);
      add(`${layer}.scale_k`, N * s.kv_heads);
    }
    add(`${layer}.q`, N * s.q_width);
    add(`${layer}.kv`, N * 2 * s.kv_width);
    add(`${layer}.o`, N * s.q_width);
    add(`${layer}.lse`, N * s.heads);
    add(`${layer}.mid`, N * s.hidden_p);
    add(`${layer}.norm2`, N * s.hidden_p);
    add(`${layer}.scale2`, N);
    add(`${layer}.gate_up`, N * 2 * s.mlp_p);
    add(`${layer}.act`, N * s.mlp_p);
    for (const target of o.lora?.targets ?? []) {
      add(`${layer}.lora.${target}`, N * pad4(o.lora!.rank));
    }
  }
  add("head.x", N * s.hidden_p);
  add("head.norm", N * s.hidden_p);
  add("head.scale", N);
  add("head.logits", logitsRows(s, o) * s.vocab_p);
  add("head.logp", N);
  add("head.entropy", N);
  add("head.lse", N);

  if (o.train) {
    add("backward.dx_a", N * s.hidden_p);
    add("backward.dx_b", N * s.hidden_p);
    add("backward.dnorm", N * s.hidden_p);
    add("backward.dact", N * s.mlp_p);
    add("backward.dgate_up", N * 2 * s.mlp_p);
    add("backward.d_o", N * s.q_width);
    add("backward.dq_delta", deltaAt(s, N) + N * s.heads);
    add("backward.dkv", N * 2 * s.kv_width);
    if (s.qk_norm) add("backward.dqk", N * s.qkv_width);
    add("backward.dqkv", N * s.qkv_width);
    if (o.lora) add("backward.dlora", N * pad4(o.lora.rank));
    const chunks = (groups: number) => Math.ceil(groups / COLUMN_CHUNK);
    const by_head = s.qk_norm ? chunks(N * s.heads) * s.head : 0;
    add("backward.partial", Math.max(chunks(N) * Math.max(s.hidden_p, s.qkv_width), by_head));
    add("backward.dlogp", N);
    add("backward.uses", 4 * N);
  }

  add("pass.tokens", N * TOKEN_WORDS);
  add("pass.blocks", N * BLOCK_WORDS);
  add("pass.rope", o.context * s.head);
  add("pass.zero", Math.max(s.qkv_width, 64));
  if (o.slots > 0) {
    for (let l = 0; l < s.layers; l++) {
      add(`cache.${l}`, o.slots * o.context * 2 * s.kv_width / (o.cache === "f16" ? 2 : 1));
    }
    add("sampling.cut", N);
    add("sampling.stops", STOPS_MAX);
    add("sampling.ids", o.slots * BURST_MAX);
    add("sampling.logp", o.slots * BURST_MAX);
    add("sampling.pairs", 2 * o.slots * o.context);
  }
  return plan;
};

/** Where delta starts behind dq, in floats: a binding starts at a multiple of 256 bytes. */
export const deltaAt = (s: Sizes, rows: number): number => Math.ceil(rows * s.q_width / 64) * 64;

/** Chunks of the gradient norm's first step, a few thousand at most; `ends` after each buffer's last. */
export const squareChunks = (
  trained: Layout,
  shard_bytes: number,
): { readonly chunk: number; readonly ends: readonly number[] } => {
  const chunk = Math.max(256, Math.ceil(trained.words / 16384));
  let chunks = 0;
  const ends = arenaCuts(trained, shard_bytes).map((words) => chunks += Math.ceil(words / chunk));
  return { chunk, ends };
};

/** What would need less, the most effective first. */
export const savings = (memory: MemoryPlan, o: PlanOptions): string => {
  const { parts } = memory;
  const part = (name: string) => parts[name] ?? 0;
  const ways = [
    [o.train && !o.lora ? part("weights") + part("moments") : 0, "lora instead of all weights"],
    [o.lora && o.weights !== "q4" ? part("weights") : 0, 'weights: "q4"'],
    [o.train && !o.recompute ? part("activations") : 0, "recompute: true"],
    [part("cache"), "fewer slots or a shorter context"],
    [part("activations") + part("backward") + part("head"), "fewer tokens_per_pass"],
  ] as const;
  return ways.filter(([bytes]) => bytes > memory.total_bytes / 10)
    .sort(([a], [b]) => b - a).map(([, way]) => way).join(", or ");
};

/** Sums the plan up by part: `weights`, `gradients`, `activations`, ... */
export const summarize = (s: Sizes, o: PlanOptions): MemoryPlan => {
  const parts: Record<string, number> = {};
  let total_bytes = 0;
  let largest = { name: "", bytes: 0 };
  for (const [name, floats] of planBuffers(s, o)) {
    const part = name.split(".")[0]!;
    parts[part] = (parts[part] ?? 0) + 4 * floats;
    total_bytes += 4 * floats;
    // Parameters are bound tensor by tensor, or in pieces; the rest whole.
    const whole = !/^(weights|gradients|moments|reference)/.test(name);
    if (whole && 4 * floats > largest.bytes) largest = { name, bytes: 4 * floats };
  }
  for (const [name, tensor] of modelLayout(s, o.weights).tensors) {
    const bytes = 4 * tensor.words * shardsOf(tensor, o.shard_bytes)[0]!.rows;
    if (bytes > largest.bytes) largest = { name, bytes };
  }
  return { parts, total_bytes, largest };
};

/** Every default filled in; sizes must be positive integers. */
export const resolveOptions = (
  o: EngineOptions,
  lora: { readonly rank: number; readonly targets: readonly string[] } | undefined,
  shard_bytes = SHARD_BYTES,
): PlanOptions => {
  const { train, tokens_per_pass, context, slots = 0 } = o;
  for (
    const [name, value, least] of [
      ["tokens_per_pass", tokens_per_pass, 1],
      ["context", context, 2],
      ["slots", slots, 0],
    ] as const
  ) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new ModelError("request", name, `is ${value}; expected an integer from ${least} on`);
    }
  }
  const { weights = "f32", cache = "f32" } = o;
  if (weights !== "f32" && train && lora === undefined) {
    throw new ModelError(
      "request",
      "weights",
      `"${weights}" weights are frozen, but all are to be trained; add lora, or leave out weights`,
    );
  }
  const option = (name: "recompute" | "reference" | "fold") => train && (o[name] ?? false);
  return {
    train,
    tokens_per_pass,
    context,
    slots,
    shard_bytes,
    weights,
    recompute: option("recompute"),
    reference: option("reference"),
    fold: option("fold"),
    cache,
    lora,
  };
};
