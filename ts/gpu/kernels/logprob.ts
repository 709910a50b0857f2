/**
 * Log-probability of each row's target, and the entropy, of softmax(logits / temperature).
 *
 *   logp = x_t - log sum_v exp(x_v),   H = log z - (1/z) sum_v e^{x_v - max} (x_v - max),   x = logits / T
 *   backward  dlogits_v = dlogp ([v = t] - p_v) / T
 *
 * Sampling uses this very kernel, so what it reports is what training computes. Where top-k or top-p cut,
 * `logprobCut` sums over what they left: tokens below the threshold of `truncate` count 0.
 */
import type { Dispatch } from "../device.ts";
import { ELEMENT_INDEX, ELEMENT_MAIN, elementGroups, type Kernel, NO_TARGET } from "../kernel.ts";
import { ORDERED } from "./sample.ts";

/** One vec4 of scaled logits, entries beyond the vocabulary pushed to -3e38. */
const scaledLogits = (keep: string): string => `
fn scaled(row: u32, v4: u32) -> vec4f {
  let x = logits[row * shape.stride4 + v4] / pass_.temperature;
  let v = vec4u(v4 * 4u) + vec4u(0u, 1u, 2u, 3u);
  return select(vec4f(-3.0e38), x, ${keep});
}`;
const SCALED_LOGITS = scaledLogits("v < vec4u(shape.vocab)");
const SCALED_AND_CUT = ORDERED +
  scaledLogits(`(v < vec4u(shape.vocab)) & (vec4u(ordered(x.x), ordered(x.y),
    ordered(x.z), ordered(x.w)) >= vec4u(cut[shape.row0 + row]))`);

const logprobOver = <C extends object>(name: string, scaled: string, cut: C) => ({
  name,
  buffers: {
    tokens: "read Token",
    logits: "read vec4f", // rows from row0 on
    logp: "write f32", // (N)
    entropy: "write f32", // (N)
    lse: "write f32", // (N)
    ...cut,
  },
  shape: { row0: "u32", rows_max: "u32", vocab: "u32", stride4: "u32" },
  code: () => `
${scaled}
${ELEMENT_MAIN} {
  let row = ${ELEMENT_INDEX};
  let n = shape.row0 + row;
  if (row >= shape.rows_max || n >= pass_.rows) { return; }
  var tops = vec4f(-3.0e38);
  for (var v = 0u; v < shape.stride4; v++) { tops = max(tops, scaled(row, v)); }
  let top = max(max(tops.x, tops.y), max(tops.z, tops.w));
  var z4 = vec4f(0.0);
  var e4 = vec4f(0.0);
  for (var v = 0u; v < shape.stride4; v++) {
    let x = scaled(row, v) - top;
    let p = exp(x);
    z4 += p;
    e4 = fma(p, max(x, vec4f(-1.0e30)), e4);
  }
  let z = z4.x + z4.y + z4.z + z4.w;
  let log_z = log(z);
  entropy[n] = log_z - (e4.x + e4.y + e4.z + e4.w) / z;
  lse[n] = top + log_z;
  let t = tokens[n].target_id;
  logp[n] = 0.0;
  if (t != ${NO_TARGET}u) { logp[n] = scaled(row, t / 4u)[t % 4u] - top - log_z; }
}`,
} as const);

export const logprob = logprobOver("logprob", SCALED_LOGITS, {}) satisfies Kernel;
export const logprobCut = logprobOver(
  "logprob_cut",
  SCALED_AND_CUT,
  {
    cut: "read u32", // (N)
  } as const,
) satisfies Kernel;

export const logprobBackward = {
  name: "logprob_backward",
  buffers: {
    tokens: "read Token",
    dlogp: "read f32",
    lse: "read f32",
    logits: "write vec4f", // in: logits; out: their gradient, 0 beyond the vocabulary
  },
  shape: { row0: "u32", rows_max: "u32", vocab: "u32", stride4: "u32" },
  code: () => `
${SCALED_LOGITS}
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let row = index / shape.stride4;
  let n = shape.row0 + row;
  if (row >= shape.rows_max || n >= pass_.rows) { return; }
  let v4 = index % shape.stride4;
  let v = vec4u(v4 * 4u) + vec4u(0u, 1u, 2u, 3u);
  let hit = select(vec4f(0.0), vec4f(1.0), v == vec4u(tokens[n].target_id));
  logits[index] = dlogp[n] * (hit - exp(scaled(row, v4) - lse[n])) / pass_.temperature;
}`,
} as const satisfies Kernel;

/** Rows of a chunk that starts at `row0`, times `per_row` invocations. */
export const chunkGroups =
  (row0: number, rows_max: number, per_row: number): Dispatch["groups"] => ({ rows }) => {
    const count = Math.min(rows_max, Math.max(0, rows - row0));
    return count === 0 ? [0] : elementGroups(count * per_row);
  };

/** CPU twin: logits (N,V), targets (N) -> logp, entropy (N); gradient when `dlogp` is given. */
export const twinLogprob = (
  logits: Float64Array,
  targets: Uint32Array,
  temperature: number,
  dlogp?: Float64Array,
) => {
  const N = targets.length;
  const V = logits.length / N;
  const logp = new Float64Array(N);
  const entropy = new Float64Array(N);
  const dlogits = new Float64Array(dlogp ? logits.length : 0);
  for (let n = 0; n < N; n++) {
    const x = logits.subarray(n * V, n * V + V).map((value) => value / temperature);
    const top = x.reduce((a, b) => Math.max(a, b), -Infinity);
    const z = x.reduce((sum, value) => sum + Math.exp(value - top), 0);
    const lse = top + Math.log(z);
    const target = targets[n]!;
    x.forEach((value, v) => {
      const p = Math.exp(value - lse);
      entropy[n]! -= p * (value - lse);
      if (dlogp) dlogits[n * V + v] = dlogp[n]! * (Number(v === target) - p) / temperature;
    });
    logp[n] = target === NO_TARGET ? 0 : x[target]! - lse;
  }
  return { logp, entropy, dlogits };
};
