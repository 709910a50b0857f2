/**
 * Token embedding: x[n] = E[id(n)]; its gradient sums, for each distinct id of the pass, the rows that
 * used it, in their order (the host lists them), so that no two invocations write one place.
 *
 * A table too large for one binding comes in shards: a dispatch serves the ids that its shard holds.
 */
import type { Dispatch } from "../device.ts";
import { ELEMENT_INDEX, ELEMENT_MAIN, elementGroups, type Kernel } from "../kernel.ts";
import { weightCode, type WeightFormat, weightUse } from "./weight.ts";

/** The table is stored as `format` says. */
export const embedding = (format: WeightFormat = "f32") => ({
  name: format === "f32" ? "embedding" : `embedding_${format}`,
  buffers: { tokens: "read Token", table: weightUse[format], x: "write vec4f" },
  // ids first .. first + count - 1; `table_stride` is `weightStride(format, width)`
  shape: { width4: "u32", table_stride: "u32", first: "u32", count: "u32" },
  code: () =>
    `${weightCode(format, "table")}
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let row = index / shape.width4;
  if (row >= pass_.rows) { return; }
  let id = tokens[row].id - shape.first; // wraps below first
  if (id >= shape.count) { return; }
  x[index] = weight(id * shape.table_stride, index % shape.width4);
}`,
} as const satisfies Kernel);

export const embeddingBackward = {
  name: "embedding_backward",
  buffers: {
    // uses: 3 words per distinct id (id, first, end), then from word 3 * distinct the rows by id
    uses: "read u32",
    dx: "read vec4f",
    dtable: "write vec4f",
  },
  shape: { width4: "u32", first: "u32", count: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let entry = index / shape.width4;
  if (entry >= pass_.distinct) { return; }
  let column = index % shape.width4;
  let id = uses[entry * 3u] - shape.first;
  if (id >= shape.count) { return; }
  let at = id * shape.width4 + column;
  var sum = dtable[at];
  for (var i = uses[entry * 3u + 1u]; i < uses[entry * 3u + 2u]; i++) {
    sum += dx[uses[3u * pass_.distinct + i] * shape.width4 + column];
  }
  dtable[at] = sum;
}`,
} as const satisfies Kernel;

export const embeddingGroups = (width: number): Dispatch["groups"] => ({ rows }) =>
  rows === 0 ? [0] : elementGroups(rows * width / 4);

export const embeddingBackwardGroups = (width: number): Dispatch["groups"] => ({ distinct }) =>
  distinct === 0 ? [0] : elementGroups(distinct * width / 4);

/** The `uses` table of `embeddingBackward`. */
export const listUses = (ids: Uint32Array): { uses: Uint32Array; distinct: number } => {
  const rows = Uint32Array.from(ids.keys()).sort((a, b) => ids[a]! - ids[b]! || a - b);
  const entries: number[] = [];
  rows.forEach((row, i) => {
    if (i === 0 || ids[row] !== ids[rows[i - 1]!]) entries.push(ids[row]!, i, i);
    entries[entries.length - 1] = i + 1;
  });
  const uses = new Uint32Array(entries.length + rows.length);
  uses.set(entries);
  uses.set(rows, entries.length);
  return { uses, distinct: entries.length / 3 };
};

/** CPU twin: rows of `table` (V,D). */
export const twinEmbedding = (ids: Uint32Array, table: Float64Array, D: number) => {
  const x = new Float64Array(ids.length * D);
  ids.forEach((id, n) => x.set(table.subarray(id * D, id * D + D), n * D));
  return x;
};

/** CPU twin: dX (N,D) added onto `dtable` (V,D). */
export const twinEmbeddingBackward = (
  dtable: Float64Array,
  ids: Uint32Array,
  dx: Float64Array,
  D: number,
): void =>
  ids.forEach((id, n) => {
    for (let i = 0; i < D; i++) dtable[id * D + i]! += dx[n * D + i]!;
  });
