/**
 * SwiGLU (Shazeer 2020): y = silu(g) u, silu(g) = g / (1 + exp(-g)); g and u lie side by side.
 *
 *   backward  du = dy silu(g),  dg = dy u s (1 + g (1 - s)),  s = 1 / (1 + exp(-g))
 */
import type { Dispatch } from "../device.ts";
import { ELEMENT_INDEX, ELEMENT_MAIN, elementGroups, type Kernel } from "../kernel.ts";

const SIGMOID = "fn sigmoid(v: vec4f) -> vec4f { return 1.0 / (1.0 + exp(-v)); }";

export const swiglu = {
  name: "swiglu",
  buffers: { gu: "read vec4f", y: "write vec4f" }, // gu (N, 2F): gate then up; y (N, F)
  shape: { width4: "u32" },
  code: () => `
${SIGMOID}
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let row = index / shape.width4;
  if (row >= pass_.rows) { return; }
  let at = row * 2u * shape.width4 + index % shape.width4;
  let g = gu[at];
  y[index] = g * sigmoid(g) * gu[at + shape.width4];
}`,
} as const satisfies Kernel;

export const swigluBackward = {
  name: "swiglu_backward",
  buffers: { gu: "read vec4f", dy: "read vec4f", dgu: "write vec4f" },
  shape: { width4: "u32" },
  code: () => `
${SIGMOID}
${ELEMENT_MAIN} {
  let index = ${ELEMENT_INDEX};
  let row = index / shape.width4;
  if (row >= pass_.rows) { return; }
  let at = row * 2u * shape.width4 + index % shape.width4;
  let g = gu[at];
  let u = gu[at + shape.width4];
  let s = sigmoid(g);
  let d = dy[index];
  dgu[at] = d * u * s * (1.0 + g * (1.0 - s));
  dgu[at + shape.width4] = d * g * s;
}`,
} as const satisfies Kernel;

export const swigluGroups = (width: number): Dispatch["groups"] => ({ rows }) =>
  rows === 0 ? [0] : elementGroups(rows * width / 4);

/** CPU twin: GU (N,2F) -> (N,F). */
export const twinSwiglu = (gu: Float64Array, F: number) => {
  const y = new Float64Array(gu.length / 2);
  for (let i = 0; i < y.length; i++) {
    const at = Math.floor(i / F) * 2 * F + i % F;
    y[i] = gu[at]! / (1 + Math.exp(-gu[at]!)) * gu[at + F]!;
  }
  return y;
};

/** CPU twin: dY (N,F) -> dGU (N,2F). */
export const twinSwigluBackward = (dy: Float64Array, gu: Float64Array, F: number) => {
  const dgu = new Float64Array(gu.length);
  for (let i = 0; i < dy.length; i++) {
    const at = Math.floor(i / F) * 2 * F + i % F;
    const [g, u, d] = [gu[at]!, gu[at + F]!, dy[i]!];
    const s = 1 / (1 + Math.exp(-g));
    dgu[at] = d * u * s * (1 + g * (1 - s));
    dgu[at + F] = d * g * s;
  }
  return dgu;
};
