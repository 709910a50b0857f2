/**
 * RMSNorm (Zhang & Sennrich 2019, eq. 4), over rows or over the heads of rows.
 *
 *   forward   y = w x r,  r = 1 / sqrt(mean(x^2) + eps)
 *   backward  dx = r (w dy - x r^2 mean(w dy x)) (+ A),  dw = sum over rows of dy x r
 *
 * One lane owns one group of `width` numbers: a token's hidden state (`heads` = 1), or one head of its
 * query or key. The sum runs along the group from 0, so that a token's bits do not depend on the pass.
 */
import type { Dispatch } from "../device.ts";
import { ELEMENT_INDEX, ELEMENT_MAIN, elementGroups, type Kernel } from "../kernel.ts";

/** Where the groups lie: group (row, head) starts at row * stride + start + head * head_stride. */
const GROUPS = {
  heads: "u32",
  width: "u32",
  head_stride: "u32",
  x_stride: "u32",
  x_start: "u32",
  y_stride: "u32",
  y_start: "u32",
} as const;

export const rmsnorm = {
  name: "rmsnorm",
  buffers: { x: "read f32", w: "read f32", y: "write f32", scale: "write f32" },
  shape: { ...GROUPS, eps: "f32" },
  code: () => `
${ELEMENT_MAIN} {
  let group = ${ELEMENT_INDEX};
  if (group >= pass_.rows * shape.heads) { return; }
  let row = group / shape.heads;
  let head = group % shape.heads;
  let x_at = row * shape.x_stride + shape.x_start + head * shape.head_stride;
  let y_at = row * shape.y_stride + shape.y_start + head * shape.head_stride;
  var squares = 0.0;
  for (var i = 0u; i < shape.width; i++) { let v = x[x_at + i]; squares = fma(v, v, squares); }
  let r = 1.0 / sqrt(squares / f32(shape.width) + shape.eps);
  scale[group] = r;
  for (var i = 0u; i < shape.width; i++) { y[y_at + i] = w[i] * x[x_at + i] * r; }
}`,
} as const satisfies Kernel;

export const rmsnormBackward = {
  name: "rmsnorm_backward",
  buffers: {
    x: "read f32",
    w: "read f32",
    scale: "read f32",
    dy: "read f32",
    a: "read f32", // gradient that went around the norm, laid out as dx
    dx: "write f32",
  },
  // x as in the forward pass; dy and dx lie as y did.
  shape: { ...GROUPS, mode: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  let group = ${ELEMENT_INDEX};
  if (group >= pass_.rows * shape.heads) { return; }
  let row = group / shape.heads;
  let head = group % shape.heads;
  let x_at = row * shape.x_stride + shape.x_start + head * shape.head_stride;
  let y_at = row * shape.y_stride + shape.y_start + head * shape.head_stride;
  let r = scale[group];
  var along = 0.0;
  for (var i = 0u; i < shape.width; i++) { along = fma(w[i] * dy[y_at + i], x[x_at + i], along); }
  let pull = r * r * along / f32(shape.width);
  for (var i = 0u; i < shape.width; i++) {
    var d = r * (w[i] * dy[y_at + i] - x[x_at + i] * pull);
    if (shape.mode == 1u) { d += a[y_at + i]; }
    dx[y_at + i] = d;
  }
}`,
} as const satisfies Kernel;

/** Gradient of the norm's weight, a chunk of `chunk` groups a lane; `columnSum` adds the chunks. */
export const rmsnormBackwardWeight = {
  name: "rmsnorm_backward_weight",
  buffers: { x: "read f32", scale: "read f32", dy: "read f32", partial: "write f32" },
  shape: { ...GROUPS, chunk: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let count = pass_.rows * shape.heads;
  let i = index % shape.width;
  let first = index / shape.width * shape.chunk;
  if (first >= count) { return; }
  var sum = 0.0;
  for (var group = first; group < min(first + shape.chunk, count); group++) {
    let row = group / shape.heads;
    let head = group % shape.heads;
    let x_i = x[row * shape.x_stride + shape.x_start + head * shape.head_stride + i];
    let dy_i = dy[row * shape.y_stride + shape.y_start + head * shape.head_stride + i];
    sum = fma(dy_i, x_i * scale[group], sum);
  }
  partial[index] = sum;
}`,
} as const satisfies Kernel;

export const rmsnormGroups = (heads: number): Dispatch["groups"] => ({ rows }) =>
  rows === 0 ? [0] : elementGroups(rows * heads);

export const rmsnormWeightGroups =
  (heads: number, width: number, chunk: number): Dispatch["groups"] => ({ rows }) =>
    rows === 0 ? [0] : elementGroups(Math.ceil(rows * heads / chunk) * width);

/** CPU twin: X (G,D), w (D) -> Y (G,D), r (G). */
export const twinRmsnorm = (x: Float64Array, w: Float64Array, eps: number) => {
  const D = w.length;
  const G = x.length / D;
  const y = new Float64Array(x.length);
  const scale = new Float64Array(G);
  for (let g = 0; g < G; g++) {
    let squares = 0;
    for (let i = 0; i < D; i++) squares += x[g * D + i]! ** 2;
    const r = 1 / Math.sqrt(squares / D + eps);
    scale[g] = r;
    for (let i = 0; i < D; i++) y[g * D + i] = w[i]! * x[g * D + i]! * r;
  }
  return { y, scale };
};

/** CPU twin: dx (G,D) returned, the weight's gradient added onto `dw` (D). */
export const twinRmsnormBackward = (
  dw: Float64Array,
  dy: Float64Array,
  x: Float64Array,
  w: Float64Array,
  scale: Float64Array,
) => {
  const D = w.length;
  const dx = new Float64Array(x.length);
  for (let g = 0; g < scale.length; g++) {
    const r = scale[g]!;
    let along = 0;
    for (let i = 0; i < D; i++) along += w[i]! * dy[g * D + i]! * x[g * D + i]!;
    for (let i = 0; i < D; i++) {
      dx[g * D + i] = r * (w[i]! * dy[g * D + i]! - x[g * D + i]! * r * r * along / D);
      dw[i]! += dy[g * D + i]! * x[g * D + i]! * r;
    }
  }
  return dx;
};
