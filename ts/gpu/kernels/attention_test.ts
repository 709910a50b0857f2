import { TOKEN_WORDS } from "../kernel.ts";
import {
  attention,
  attentionGroups,
  BLOCK_WORDS,
  blockTable,
  twinAttention,
  twinAttentionBackward,
} from "./attention.ts";
import {
  attentionBackwardGroups,
  attentionBackwardKey,
  attentionBackwardQuery,
} from "./attention_backward.ts";
import { laidOut, numbers, type Trial, tryKernel } from "./trial_test.ts";

const [D, STRIDE] = [6, 8];
const pad = (x: ArrayLike<number>) => laidOut(x, D, STRIDE);
const LENGTHS = [[1], [3], [65, 1, 8], [7, 127]];

const setting = (
  lengths: readonly number[],
  heads: number,
  kv_heads: number,
  round = (x: number) => x,
) => {
  const size = { heads, kv_heads, head_dim: D, lengths };
  const rows = lengths.reduce((a, b) => a + b);
  const q = numbers(rows * heads * D, 1).map((x) => 2 * x);
  const [k, v] = [numbers(rows * kv_heads * D, 2), numbers(rows * kv_heads * D, 3)]
    .map((x) => x.map(round)) as [Float64Array, Float64Array];
  const tokens = new Uint32Array(rows * TOKEN_WORDS);
  let n = 0;
  for (const length of lengths) {
    for (let t = 0; t < length; t++, n++) tokens.set([0, t, n, n - t], n * TOKEN_WORDS);
  }
  const blocks = blockTable(lengths);
  return {
    size,
    rows,
    q,
    k,
    v,
    tokens,
    blocks,
    kv: interleave(pad(k), pad(v), kv_heads * STRIDE),
    o: twinAttention(q, k, v, size),
    lse: logTotals(q, k, size),
    shape: { heads, kv_heads, scale: 1 / Math.sqrt(D) },
    pass: { rows, blocks: blocks.length / BLOCK_WORDS },
    label: `${lengths} tokens, ${heads} heads over ${kv_heads}`,
  };
};

/** Rows of a, then of b, row by row. */
const interleave = (a: Float32Array, b: Float32Array, width: number): Float32Array => {
  const both = new Float32Array(2 * a.length);
  for (let n = 0; n * width < a.length; n++) {
    both.set(a.subarray(n * width, (n + 1) * width), 2 * n * width);
    both.set(b.subarray(n * width, (n + 1) * width), (2 * n + 1) * width);
  }
  return both;
};

/** log sum exp of every query's scores: the twin's output with values of exp-scale 1 in one more way. */
const logTotals = (
  q: Float64Array,
  k: Float64Array,
  { heads, kv_heads, lengths }: { heads: number; kv_heads: number; lengths: readonly number[] },
): Float64Array => {
  const out: number[] = [];
  let start = 0;
  for (const length of lengths) {
    for (let n = start; n < start + length; n++) {
      for (let h = 0; h < heads; h++) {
        let total = 0;
        for (let key = start; key <= n; key++) {
          let score = 0;
          for (let d = 0; d < D; d++) {
            score += q[(n * heads + h) * D + d]! *
              k[(key * kv_heads + Math.floor(h * kv_heads / heads)) * D + d]!;
          }
          total += Math.exp(score / Math.sqrt(D));
        }
        out.push(Math.log(total));
      }
    }
    start += length;
  }
  return Float64Array.from(out);
};

const settings = LENGTHS.flatMap((lengths) => [setting(lengths, 4, 2), setting(lengths, 3, 1)]);

const halves = LENGTHS.map((lengths) => setting(lengths, 4, 2, (x) => new Float16Array([x])[0]!));
for (const by of ["block", "row"] as const) {
  tryKernel(
    `attention by ${by} over halves`,
    halves.map((s): Trial => ({
      label: s.label,
      kernel: attention(STRIDE, by, by === "row" ? 2 : 1, "f16"),
      buffers: {
        tokens: s.tokens,
        blocks: s.blocks,
        q: pad(s.q),
        kv: new Uint32Array(new Float16Array(s.kv).buffer),
        o: new Float32Array(s.rows * s.size.heads * STRIDE),
        lse: new Float32Array(s.rows * s.size.heads),
      },
      shape: s.shape,
      pass: s.pass,
      groups: () => attentionGroups(s.size.heads, by, by === "row" ? 2 : 1),
      expected: { o: pad(s.o), lse: s.lse },
    })),
    [["v_at = k_at + ", "v_at = k_at + 0u * "]],
  );
}

for (const [by, per_lane] of [["block", 1], ["row", 1], ["row", 2]] as const) {
  tryKernel(
    `attention by ${by}, ${per_lane} heads a lane`,
    settings.filter(({ size }) => size.heads / size.kv_heads % per_lane === 0).map((s): Trial => ({
      label: s.label,
      kernel: attention(STRIDE, by, per_lane),
      buffers: {
        tokens: s.tokens,
        blocks: s.blocks,
        q: pad(s.q),
        kv: s.kv,
        o: new Float32Array(s.rows * s.size.heads * STRIDE),
        lse: new Float32Array(s.rows * s.size.heads),
      },
      shape: s.shape,
      pass: s.pass,
      groups: () => attentionGroups(s.size.heads, by, per_lane),
      expected: { o: pad(s.o), lse: s.lse },
    })),
    [
      by === "block"
        ? ["begin + 3u <= position", "begin + 3u < position"]
        : ["begin + j <= position", "begin + j < position"],
      ["* shape.scale", "* 1.0"],
      ["total_0 *= keep_0", "total_0 *= 1.0"],
      ["o0_0 *= keep_0", "o0_0 *= 1.0"],
      ["begin += 8u", "begin += 16u"],
      ["v_at = k_at + ", "v_at = k_at + 0u * "],
      ["top_0 + log(total_0)", "log(total_0)"],
      ["tokens[row].key_base", "0u"],
    ],
  );
}

const backward = settings.map((s) => {
  const d_o = numbers(s.o.length, 4);
  const grads = twinAttentionBackward(d_o, s.q, s.k, s.v, s.size);
  const groups = s.rows * s.size.heads;
  const delta = Float64Array.from({ length: groups }, (_, g) => {
    let sum = 0;
    for (let d = 0; d < D; d++) sum += d_o[g * D + d]! * s.o[g * D + d]!;
    return sum;
  });
  return { s, d_o, grads, delta };
});

tryKernel(
  "attention_backward_query",
  backward.map(({ s, d_o, grads, delta }): Trial => {
    const dq = pad(grads.dq);
    return {
      label: s.label,
      kernel: attentionBackwardQuery(STRIDE),
      buffers: {
        tokens: s.tokens,
        blocks: s.blocks,
        q: pad(s.q),
        kv: s.kv,
        o: pad(s.o),
        lse: Float32Array.from(s.lse),
        d_o: pad(d_o),
        dq_delta: new Float32Array(dq.length + delta.length),
      },
      shape: { ...s.shape, delta_at: dq.length / 4 },
      pass: s.pass,
      groups: () => attentionBackwardGroups(s.size.heads),
      expected: { dq_delta: [...dq, ...delta] },
    };
  }),
  [
    ["(dp - delta)", "dp"],
    ["begin + 2u <= position", "begin + 2u < position"],
    ["exp(s * shape.scale - log_total)", "exp(s * shape.scale)"],
    ["delta += dot(d_o1", "delta += dot(q1"],
    ["begin += 8u", "begin += 16u"],
  ],
);

tryKernel(
  "attention_backward_key",
  backward.map(({ s, d_o, grads, delta }): Trial => ({
    label: s.label,
    kernel: attentionBackwardKey(STRIDE),
    buffers: {
      blocks: s.blocks,
      q: pad(s.q),
      kv: s.kv,
      lse: Float32Array.from(s.lse),
      delta: Float32Array.from(delta),
      d_o: pad(d_o),
      dkv: new Float32Array(s.kv.length),
    },
    shape: s.shape,
    pass: s.pass,
    groups: () => attentionBackwardGroups(s.size.kv_heads),
    expected: { dkv: interleave(pad(grads.dk), pad(grads.dv), s.size.kv_heads * STRIDE) },
  })),
  [
    ["n0 + 1u >= key_row", "n0 + 1u > key_row"],
    ["n0 + 4u < end", "true"],
    ["head < (wid.y + 1u) * per_key", "head < wid.y * per_key + 1u"],
    ["p * (dp - delta_j)", "(dp - delta_j)"],
    ["n0 = first", "n0 = first + 8u"],
  ],
);
