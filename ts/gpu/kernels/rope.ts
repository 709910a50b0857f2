/**
 * Rotary positions (Su et al. 2021, in halves as Llama's code has it) and the write into the key/value
 * buffer.
 *
 *   y1 = x1 cos - x2 sin,  y2 = x2 cos + x1 sin,  angle = position * frequency(i), i < head_dim / 2
 *   backward: the inverse rotation
 *
 * The table of cosines and sines comes from the host in double precision (WGSL's are good to 2^-11).
 * A row of kv holds all keys, then all values. `qkv` holds queries, keys, values, one head after another.
 */
import type { Dispatch } from "../device.ts";
import { ELEMENT_INDEX, ELEMENT_MAIN, elementGroups, type Kernel } from "../kernel.ts";

const SHAPE = {
  heads: "u32",
  kv_heads: "u32",
  half: "u32", // head_dim / 2
  head_stride: "u32", // head_dim padded to a multiple of 4
} as const;

/** Keys and values are stored as `cache` says; halves saturate. */
export const rope = (cache: "f32" | "f16" = "f32") => ({
  name: cache === "f32" ? "rope" : "rope_f16",
  buffers: {
    tokens: "read Token",
    table: "read f32", // (context, half, 2)
    qk: "read f32", // queries and keys: qkv, or what the head norms made of it
    qkv: "read f32",
    q: "write f32", // (N, heads * head_stride)
    kv: cache === "f32" ? "write f32" : "write u32", // (rows, 2 * kv_heads * head_stride)
  },
  shape: SHAPE,
  code: () => `
${STORE[cache]}
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let slots = shape.heads + 2u * shape.kv_heads;
  let row = index / slots;
  let slot = index % slots;
  if (row >= pass_.rows) { return; }
  let token = tokens[row];
  let width = shape.head_stride;
  let from_ = index * width;
  let kv_at = (token.kv_row * 2u * shape.kv_heads + slot - shape.heads) * width;
  if (slot >= shape.heads + shape.kv_heads) {
    for (var i = 0u; i < width; i++) { store(kv_at + i, qkv[from_ + i]); }
    return;
  }
  let q_at = (row * shape.heads + slot) * width;
  for (var i = 0u; i < shape.half; i++) {
    let turn = 2u * (token.position * shape.half + i);
    let c = table[turn];
    let s = table[turn + 1u];
    let x1 = qk[from_ + i];
    let x2 = qk[from_ + i + shape.half];
    let y1 = x1 * c - x2 * s;
    let y2 = x2 * c + x1 * s;
    if (slot < shape.heads) { q[q_at + i] = y1; q[q_at + i + shape.half] = y2; }
    else { store(kv_at + i, y1); store(kv_at + i + shape.half, y2); }
  }
}`,
} as const satisfies Kernel);

/** One invocation owns a head, so the two halves of a word are never written at once. */
const STORE = {
  f32: "fn store(at: u32, x: f32) { kv[at] = x; }",
  f16: `fn store(at: u32, x: f32) {
  let shift = at % 2u * 16u;
  let half = pack2x16float(vec2f(clamp(x, -65504.0, 65504.0), 0.0)) & 0xffffu;
  kv[at / 2u] = (kv[at / 2u] & (0xffff0000u >> shift)) | (half << shift);
}`,
};

export const ropeBackward = {
  name: "rope_backward",
  buffers: {
    tokens: "read Token",
    table: "read f32",
    dq: "read f32",
    dkv: "read f32",
    dqkv: "write f32",
  },
  // Heads `first` to `first + count` of the row queries, keys, values.
  shape: { ...SHAPE, first: "u32", count: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let slots = shape.heads + 2u * shape.kv_heads;
  let row = index / shape.count;
  let slot = shape.first + index % shape.count;
  if (row >= pass_.rows) { return; }
  let width = shape.head_stride;
  let to = (row * slots + slot) * width;
  let kv_at = (row * 2u * shape.kv_heads + slot - shape.heads) * width;
  if (slot >= shape.heads + shape.kv_heads) {
    for (var i = 0u; i < width; i++) { dqkv[to + i] = dkv[kv_at + i]; }
    return;
  }
  let q_at = (row * shape.heads + slot) * width;
  for (var i = 0u; i < shape.half; i++) {
    let turn = 2u * (tokens[row].position * shape.half + i);
    let c = table[turn];
    let s = table[turn + 1u];
    var y1 = 0.0;
    var y2 = 0.0;
    if (slot < shape.heads) { y1 = dq[q_at + i]; y2 = dq[q_at + i + shape.half]; }
    else { y1 = dkv[kv_at + i]; y2 = dkv[kv_at + i + shape.half]; }
    dqkv[to + i] = y1 * c + y2 * s;
    dqkv[to + i + shape.half] = y2 * c - y1 * s;
  }
}`,
} as const satisfies Kernel;

export const ropeGroups = (slots: number): Dispatch["groups"] => ({ rows }) =>
  rows === 0 ? [0] : elementGroups(rows * slots);

/** Turns per position for each pair: HF's `default` or `llama3` frequencies. */
export interface RopeFrequencies {
  readonly theta: number;
  readonly llama3?: {
    readonly factor: number;
    readonly low_freq_factor: number;
    readonly high_freq_factor: number;
    readonly original_max_position_embeddings: number;
  };
}

/** (context, half, 2) cosines and sines, computed in double precision. */
export const ropeTable = (head_dim: number, context: number, o: RopeFrequencies): Float64Array => {
  const half = head_dim / 2;
  const table = new Float64Array(context * half * 2);
  for (let i = 0; i < half; i++) {
    const frequency = scaled(o.theta ** (-2 * i / head_dim), o);
    for (let t = 0; t < context; t++) {
      table[2 * (t * half + i)] = Math.cos(t * frequency);
      table[2 * (t * half + i) + 1] = Math.sin(t * frequency);
    }
  }
  return table;
};

/** Llama 3.1's scaling: long waves are divided, short ones kept, those between blended. */
const scaled = (frequency: number, { llama3 }: RopeFrequencies): number => {
  if (!llama3) return frequency;
  const { factor, low_freq_factor: low, high_freq_factor: high } = llama3;
  const waves = llama3.original_max_position_embeddings * frequency / (2 * Math.PI);
  if (waves < low) return frequency / factor;
  if (waves > high) return frequency;
  const blend = (waves - low) / (high - low);
  return (1 - blend) * frequency / factor + blend * frequency;
};

/** CPU twin, in place: X (N,heads,D) turned by its positions; `direction` -1 is the backward. */
export const twinRope = (
  x: Float64Array,
  positions: Uint32Array,
  heads: number,
  table: Float64Array,
  direction: 1 | -1 = 1,
): void => {
  const D = x.length / (positions.length * heads);
  const half = D / 2;
  positions.forEach((position, n) => {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < half; i++) {
        const at = (n * heads + h) * D + i;
        const c = table[2 * (position * half + i)]!;
        const s = direction * table[2 * (position * half + i) + 1]!;
        const [x1, x2] = [x[at]!, x[at + half]!];
        x[at] = x1 * c - x2 * s;
        x[at + half] = x2 * c + x1 * s;
      }
    }
  });
};
