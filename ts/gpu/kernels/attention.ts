/**
 * Causal grouped-query attention with an online softmax (Milakov & Gimelshein 2018; Dao et al. 2022).
 *
 *   o = sum_k softmax(q k / sqrt(d)) v over keys 0..position;   lse = log sum_k exp(q k / sqrt(d))
 *
 * A lane owns one (query, head) and visits keys from 0 in blocks of eight, so a query's bits depend on
 * nothing but its sequence: training, prefill and decode agree. Masked keys of the last block add
 * exactly 0 and rescale by exactly 1.
 *
 * `attention(d, "block")`: workgroup = eight queries of one sequence (block table); they share the keys
 * they load. `attention(d, "row")`: workgroup = eight rows, each with a sequence of its own (decode).
 */
import type { Dispatch } from "../device.ts";
import type { Kernel, Lanes } from "../kernel.ts";
import { weightCode, weightUse } from "./weight.ts";

/** Queries (or keys) of one workgroup. */
export const BLOCK = 8;
/** Words of an entry of the block table: first row, rows (at most 8), row after the sequence's last. */
export const BLOCK_WORDS = 3;

export const ATTENTION_SHAPE = {
  heads: "u32",
  kv_heads: "u32",
  scale: "f32", // 1 / sqrt(head_dim)
} as const;

/**
 * `per_lane` heads of one group are done by one lane, which loads their keys and values once. Keys and
 * values are stored as `cache` says.
 */
export const attention = (
  head_stride: number,
  by: "block" | "row",
  per_lane = 1,
  cache: "f32" | "f16" = "f32",
) => {
  const D = [...Array(head_stride / 4).keys()];
  const H = [...Array(per_lane).keys()];
  const J = [...Array(8).keys()];
  return {
    name: `attention_${by}_${head_stride}x${per_lane}${cache === "f16" ? "_f16" : ""}`,
    buffers: {
      tokens: "read Token",
      blocks: "read u32",
      q: "read vec4f", // (N, heads, D)
      kv: weightUse[cache], // (rows, keys then values, kv_heads, D)
      o: "write vec4f", // (N, heads, D)
      lse: "write f32", // (N, heads)
    },
    shape: ATTENTION_SHAPE,
    code: (lanes: Lanes) => {
      const shared = by === "block" && lanes === "broadcast";
      const row_of = (what: string, key: string) =>
        `(base + min(begin + ${key}, last)) * kv_stride + ${what}_at`;
      // Eight keys (or values) of a block: a lane loads one and they are handed round, or it loads all.
      const ahead = (what: string) =>
        shared
          ? D.map((d) => `let ${what}${d} = weight(${row_of(what, "lane")}, ${d}u);`).join("\n    ")
          : "";
      const load = (what: string, j: string) =>
        D.map((d) =>
          shared
            ? `let r${d} = subgroupBroadcast(${what}${d}, ${j});`
            : `let r${d} = weight(${row_of(what, j)}, ${d}u);`
        ).join(" ");
      // A lane may only be named by a constant: then unrolled, else a loop, which compiles much faster.
      const each = (body: (j: string) => string) =>
        shared
          ? J.map((j) => `{ ${body(`${j}u`)} }`).join("\n    ")
          : `for (var j = 0u; j < 8u; j++) { ${body("j")} }`;
      const product = (h: number) =>
        D.flatMap((d) => [..."xyzw"].map((e) => `x${h} = fma(r${d}.${e}, q${d}_${h}.${e}, x${h});`))
          .join(" ");
      return `
${weightCode(cache, "kv")}
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lane: u32) {
  ${
        by === "block"
          ? `let first = blocks[wid.x * ${BLOCK_WORDS}u];
  let count = blocks[wid.x * ${BLOCK_WORDS}u + 1u];`
          : `let first = wid.x * 8u;
  let count = min(8u, pass_.rows - first);`
      }
  let row = first + min(lane, count - 1u);
  let head = wid.y * ${per_lane}u;
  let position = tokens[row].position;
  let base = tokens[row].key_base;
  let last = ${shared ? "tokens[first + count - 1u].position" : "position"};
  let width = ${D.length}u;
  let kv_stride = 2u * shape.kv_heads * width;
  let k_at = head / (shape.heads / shape.kv_heads) * width;
  let v_at = k_at + shape.kv_heads * width;
  let q_at = (row * shape.heads + head) * width;
  ${
        H.map((h) =>
          `var top_${h} = ${LOWEST}; var total_${h} = 0.0; var s${h}: array<f32, 8>;
  ${
            D.map((d) =>
              `let q${d}_${h} = q[q_at + ${h * D.length + d}u]; var o${d}_${h} = vec4f(0.0);`
            ).join("\n  ")
          }`
        )
          .join("\n  ")
      }
  for (var begin = 0u; begin <= last; begin += 8u) {
    ${ahead("k")}
    ${
        each((j) =>
          `${load("k", j)}
      ${
            H.map((h) =>
              `var x${h} = 0.0; ${product(h)}
      s${h}[${j}] = select(${LOWEST}, x${h} * shape.scale, begin + ${j} <= position);`
            ).join("\n      ")
          }`
        )
      }
    ${
        H.map((h) => {
          const s = (j: number) => `s${h}[${j}]`;
          const pair = (j: number) => `max(${s(j)}, ${s(j + 1)})`;
          return `let peak_${h} = max(top_${h}, max(max(${pair(0)}, ${pair(2)}), max(${pair(4)}, ${
            pair(6)
          })));
    let keep_${h} = select(exp(top_${h} - peak_${h}), 1.0, top_${h} == peak_${h});
    top_${h} = peak_${h};
    total_${h} *= keep_${h};
    ${D.map((d) => `o${d}_${h} *= keep_${h};`).join(" ")}`;
        }).join("\n    ")
      }
    ${ahead("v")}
    ${
        each((j) =>
          `${load("v", j)}
      ${
            H.map((h) =>
              `let p${h} = select(0.0, exp(s${h}[${j}] - peak_${h}), begin + ${j} <= position); total_${h} += p${h};
      ${D.map((d) => `o${d}_${h} = fma(vec4f(p${h}), r${d}, o${d}_${h});`).join(" ")}`
            ).join("\n      ")
          }`
        )
      }
  }
  if (lane < count) {
    ${
        H.map((h) =>
          `let one_${h} = 1.0 / total_${h};
    ${D.map((d) => `o[q_at + ${h * D.length + d}u] = o${d}_${h} * one_${h};`).join(" ")}
    lse[row * shape.heads + head + ${h}u] = top_${h} + log(total_${h});`
        ).join("\n    ")
      }
  }
}`;
    },
  } as const satisfies Kernel;
};

/** Below every score; WGSL has no infinity that may be relied on. */
const LOWEST = "-3.0e38";

export const attentionGroups =
  (heads: number, by: "block" | "row", per_lane = 1): Dispatch["groups"] => ({ rows, blocks }) => [
    by === "block" ? blocks : Math.ceil(rows / 8),
    heads / per_lane,
  ];

/** Heads of a group that one lane takes in decode: the most, up to 4, that divide it evenly. */
export const headsPerLane = (heads: number, kv_heads: number): number =>
  [4, 3, 2, 1].find((count) => heads / kv_heads % count === 0)!;

/** The block table: sequences of `lengths` tokens, one after another in the flat stream. */
export const blockTable = (lengths: readonly number[]): Uint32Array => {
  const table: number[] = [];
  let start = 0;
  for (const length of lengths) {
    for (let at = 0; at < length; at += BLOCK) {
      table.push(start + at, Math.min(BLOCK, length - at), start + length);
    }
    start += length;
  }
  return Uint32Array.from(table);
};

/** Sizes of the twins' attention. */
export interface AttentionSize {
  readonly heads: number;
  readonly kv_heads: number;
  readonly head_dim: number;
  /** Tokens of each sequence, one after another. */
  readonly lengths: readonly number[];
}

/** Calls `f` for every (query row, head, key row) that attends. */
const pairs = (
  { heads, lengths }: AttentionSize,
  f: (n: number, h: number, keys: number) => void,
): void => {
  let start = 0;
  for (const length of lengths) {
    for (let n = start; n < start + length; n++) for (let h = 0; h < heads; h++) f(n, h, start);
    start += length;
  }
};

/** CPU twin: q (N,H,D), k and v (N,KV,D) -> o (N,H,D). */
export const twinAttention = (
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  size: AttentionSize,
) => {
  const { heads: H, kv_heads: KV, head_dim: D } = size;
  const o = new Float64Array(q.length);
  pairs(size, (n, h, start) => {
    const p = probabilities(q, k, n, h, start, size);
    p.forEach((weight, i) => {
      const at = ((start + i) * KV + Math.floor(h * KV / H)) * D;
      for (let d = 0; d < D; d++) o[(n * H + h) * D + d]! += weight * v[at + d]!;
    });
  });
  return o;
};

/** CPU twin: gradients of q, k and v given dO (N,H,D). */
export const twinAttentionBackward = (
  d_o: Float64Array,
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  size: AttentionSize,
) => {
  const { heads: H, kv_heads: KV, head_dim: D } = size;
  const [dq, dk, dv] = [q, k, v].map(({ length }) => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const scale = 1 / Math.sqrt(D);
  pairs(size, (n, h, start) => {
    const p = probabilities(q, k, n, h, start, size);
    const at_q = (n * H + h) * D;
    const at_k = (i: number) => ((start + i) * KV + Math.floor(h * KV / H)) * D;
    const dp = p.map((_, i) => {
      let sum = 0;
      for (let d = 0; d < D; d++) sum += d_o[at_q + d]! * v[at_k(i) + d]!;
      return sum;
    });
    const mean = p.reduce((sum, weight, i) => sum + weight * dp[i]!, 0);
    p.forEach((weight, i) => {
      const ds = weight * (dp[i]! - mean) * scale;
      for (let d = 0; d < D; d++) {
        dv[at_k(i) + d]! += weight * d_o[at_q + d]!;
        dk[at_k(i) + d]! += ds * q[at_q + d]!;
        dq[at_q + d]! += ds * k[at_k(i) + d]!;
      }
    });
  });
  return { dq, dk, dv };
};

const probabilities = (
  q: Float64Array,
  k: Float64Array,
  n: number,
  h: number,
  start: number,
  { heads: H, kv_heads: KV, head_dim: D }: AttentionSize,
): number[] => {
  const scores: number[] = [];
  for (let key = start; key <= n; key++) {
    let sum = 0;
    for (let d = 0; d < D; d++) {
      sum += q[(n * H + h) * D + d]! * k[(key * KV + Math.floor(h * KV / H)) * D + d]!;
    }
    scores.push(sum / Math.sqrt(D));
  }
  const top = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
};
