/**
 * Sums over tokens in two steps of fixed order, without atomics: chunks of rows first, then the chunks.
 *
 *   partial[c, i] = sum over rows of chunk c of x[row, i];   total[i] += sum_c partial[c, i]
 *
 * Biases take both kernels; a norm's weight takes its own first step and `columnSum` for the second.
 */
import type { Dispatch } from "../device.ts";
import { ELEMENT_INDEX, ELEMENT_MAIN, elementGroups, type Kernel } from "../kernel.ts";

/** Rows (or groups) that one lane of the first step sums. */
export const COLUMN_CHUNK = 64;

export const chunkSum = {
  name: "chunk_sum",
  buffers: { x: "read f32", partial: "write f32" },
  shape: { width: "u32", stride: "u32", chunk: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let first = index / shape.width * shape.chunk;
  if (first >= pass_.rows) { return; }
  var sum = 0.0;
  for (var row = first; row < min(first + shape.chunk, pass_.rows); row++) {
    sum += x[row * shape.stride + index % shape.width];
  }
  partial[index] = sum;
}`,
} as const satisfies Kernel;

export const columnSum = {
  name: "column_sum",
  buffers: { partial: "read f32", total: "write f32" },
  shape: { width: "u32", per_row: "u32", chunk: "u32" }, // per_row: groups that a row counts for
  code: () => `
${ELEMENT_MAIN} {
  let i = ${ELEMENT_INDEX};
  if (i >= shape.width) { return; }
  let chunks = (pass_.rows * shape.per_row + shape.chunk - 1u) / shape.chunk;
  var sum = total[i];
  for (var c = 0u; c < chunks; c++) { sum += partial[c * shape.width + i]; }
  total[i] = sum;
}`,
} as const satisfies Kernel;

export const chunkSumGroups = (width: number): Dispatch["groups"] => ({ rows }) =>
  rows === 0 ? [0] : elementGroups(Math.ceil(rows / COLUMN_CHUNK) * width);

export const columnSumGroups = (width: number): Dispatch["groups"] => ({ rows }) =>
  rows === 0 ? [0] : elementGroups(width);

/** CPU twin of both: the columns of X (M,D) added onto `total` (D). */
export const twinColumnSum = (total: Float64Array, x: Float64Array): void => {
  for (let i = 0; i < x.length; i++) total[i % total.length]! += x[i]!;
};
