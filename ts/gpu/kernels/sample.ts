/**
 * Sampling by Gumbel's trick: argmax_v x_v + g_v is a draw from softmax(x), x = logits / temperature.
 *
 *   g = -log(max(-log u, 2.4e-7)),  u = hash(sequence, position, v)
 *
 * The floor is needed: near u = 1 the true -log u lies below the error WGSL allows `log`. Random numbers
 * are a function of (sequence key, position, token), so a draw does not depend on slot or pass.
 * `truncate` first finds, exactly, the value below which top-k and top-p cut (all that tie with the last
 * one stay); `advance` then feeds the token back as the next input.
 */
import type { Dispatch } from "../device.ts";
import { ELEMENT_INDEX, ELEMENT_MAIN, elementGroups, ENDED, type Kernel } from "../kernel.ts";

const HASH = `
fn pcg(value: u32) -> u32 {
  let state = value * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}`;

/** Order of floats as order of unsigned integers. */
export const ORDERED = `
fn ordered(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}`;

const LOGIT = `
fn logit(row: u32, v: u32) -> f32 { return logits[row * shape.stride + v] / pass_.temperature; }`;

const SHAPE = { row0: "u32", rows_max: "u32", vocab: "u32", stride: "u32" } as const;

export const sample = {
  name: "sample",
  buffers: { tokens: "write Token", logits: "read f32", cut: "read u32" },
  shape: SHAPE,
  code: () => `
${HASH}${ORDERED}${LOGIT}
${ELEMENT_MAIN} {
  let row = ${ELEMENT_INDEX};
  let n = shape.row0 + row;
  if (row >= shape.rows_max || n >= pass_.rows) { return; }
  let key = pcg(tokens[n].random ^ pcg(tokens[n].position));
  let cuts = pass_.top_k > 0u || pass_.top_p < 1.0;
  var best = -3.0e38;
  var choice = 0u;
  for (var v = 0u; v < shape.vocab; v++) {
    let x = logit(row, v);
    var score = x;
    if (pass_.greedy == 0u) {
      let u = (f32(pcg(key + v) >> 8u) + 0.5) / 16777216.0;
      score = x - log(max(-log(u), 2.4e-7));
      if (cuts && ordered(x) < cut[n]) { score = -3.0e38; }
    }
    if (score > best) { best = score; choice = v; }
  }
  tokens[n].target_id = choice;
}`,
} as const satisfies Kernel;

export const truncate = {
  name: "truncate",
  buffers: { logits: "read f32", cut: "write u32" },
  shape: SHAPE,
  code: () => `
${ORDERED}${LOGIT}
${ELEMENT_MAIN} {
  let row = ${ELEMENT_INDEX};
  let n = shape.row0 + row;
  if (row >= shape.rows_max || n >= pass_.rows) { return; }
  var top = -3.0e38;
  for (var v = 0u; v < shape.vocab; v++) { top = max(top, logit(row, v)); }
  // The largest threshold that still keeps k entries, bit by bit.
  var kept = 0u;
  if (pass_.top_k > 0u) {
    for (var bit = 0u; bit < 32u; bit++) {
      let trial = kept | (0x80000000u >> bit);
      var count = 0u;
      for (var v = 0u; v < shape.vocab; v++) { count += u32(ordered(logit(row, v)) >= trial); }
      if (count >= min(pass_.top_k, shape.vocab)) { kept = trial; }
    }
  }
  // The largest threshold that still keeps the share p of what top-k left.
  if (pass_.top_p < 1.0) {
    let need = pass_.top_p * mass(row, kept, top);
    var nucleus = 0u;
    for (var bit = 0u; bit < 32u; bit++) {
      let trial = nucleus | (0x80000000u >> bit);
      if (mass(row, trial, top) >= need) { nucleus = trial; }
    }
    kept = nucleus;
  }
  cut[n] = min(kept, ordered(top));
}
fn mass(row: u32, threshold: u32, top: f32) -> f32 {
  var sum = 0.0;
  for (var v = 0u; v < shape.vocab; v++) {
    let x = logit(row, v);
    if (ordered(x) >= threshold) { sum += exp(x - top); }
  }
  return sum;
}`,
} as const satisfies Kernel;

export const advance = {
  name: "advance",
  buffers: {
    tokens: "write Token",
    stops: "read u32",
    logp: "read f32",
    ids_out: "write u32", // (N, burst)
    logp_out: "write f32", // (N, burst)
  },
  shape: { burst: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  let n = ${ELEMENT_INDEX};
  if (n >= pass_.rows) { return; }
  var token = tokens[n];
  if ((token.state & ${ENDED}u) != 0u) { return; }
  let at = n * shape.burst + token.state;
  ids_out[at] = token.target_id;
  logp_out[at] = logp[n];
  token.state += 1u;
  for (var i = 0u; i < pass_.stops; i++) {
    if (stops[i] == token.target_id) { token.state |= ${ENDED}u; }
  }
  if (token.position >= token.limit) { token.state |= ${ENDED}u; }
  if ((token.state & ${ENDED}u) == 0u) {
    token.id = token.target_id;
    token.position += 1u;
    token.kv_row += 1u;
  }
  tokens[n] = token;
}`,
} as const satisfies Kernel;

export const rowGroups: Dispatch["groups"] = ({ rows }) => rows === 0 ? [0] : elementGroups(rows);

/** PCG's output function (O'Neill 2014) as a hash of 32 bits; twin of the kernel's. */
export const pcg = (value: number): number => {
  const state = (Math.imul(value, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
};

/** CPU twin: the ids that top-k and top-p leave of one row of x (logits / temperature). */
export const twinTruncate = (x: Float64Array, top_k: number, top_p: number): Set<number> => {
  const order = [...x.keys()].sort((a, b) => x[b]! - x[a]!);
  const atLeast = (count: number) => order.filter((v) => x[v]! >= x[order[count - 1]!]!);
  const kept = top_k > 0 ? atLeast(Math.min(top_k, x.length)) : order;
  const top = x[order[0]!]!;
  const weight = (v: number) => Math.exp(x[v]! - top);
  const need = top_p * kept.reduce((sum, v) => sum + weight(v), 0);
  let mass = 0;
  const count = kept.findIndex((v) => (mass += weight(v)) >= need) + 1;
  const least = x[kept[Math.max(1, count) - 1]!]!;
  return new Set(top_p < 1 ? kept.filter((v) => x[v]! >= least) : kept);
};

/** CPU twin: the choice of `sample` for one row of x (logits / temperature). */
export const twinSample = (
  x: Float64Array,
  random: number,
  position: number,
  allowed: ReadonlySet<number>,
): number => {
  const key = pcg((random ^ pcg(position)) >>> 0);
  let [best, choice] = [-Infinity, 0];
  x.forEach((value, v) => {
    const u = ((pcg((key + v) >>> 0) >>> 8) + 0.5) / 16777216;
    const score = value - Math.log(Math.max(-Math.log(u), 2.4e-7));
    if (allowed.has(v) && score > best) [best, choice] = [score, v];
  });
  return choice;
};
