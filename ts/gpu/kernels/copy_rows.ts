/** Copies rows of a buffer within it (WebGPU's own copy refuses that): y[to] = y[from], row by row. */
import { ELEMENT_INDEX, ELEMENT_MAIN, elementGroups, type Kernel } from "../kernel.ts";

export const copyRows = {
  name: "copy_rows",
  buffers: { pairs: "read u32", y: "write vec4f" }, // pairs: (from, to), `pass.blocks` of them
  shape: { width4: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let pair = index / shape.width4;
  if (pair >= pass_.blocks) { return; }
  let column = index % shape.width4;
  y[pairs[2u * pair + 1u] * shape.width4 + column] = y[pairs[2u * pair] * shape.width4 + column];
}`,
} as const satisfies Kernel;

export const copyRowsGroups = (width: number) => ({ blocks }: { readonly blocks: number }) =>
  blocks === 0 ? [0] as const : elementGroups(blocks * width / 4);

/** CPU twin, in place: rows of `width` numbers. */
export const twinCopyRows = (
  y: Float64Array,
  pairs: readonly (readonly [from: number, to: number])[],
  width: number,
): void =>
  pairs.forEach(([from, to]) => y.copyWithin(to * width, from * width, (from + 1) * width));
