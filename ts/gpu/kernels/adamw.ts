/**
 * AdamW (Loshchilov & Hutter 2019, algorithm 2), bias-corrected, decay decoupled and on every parameter:
 *
 *   w -= lr decay w;  m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  w -= lr (m / c1) / (sqrt(v / c2) + eps)
 *
 * g is the clipped gradient (`clipScale`) and is cleared. A bad norm leaves w, m and v as they were.
 * Entries of 0 that only pad a matrix stay 0, for eps > 0.
 */
import { ELEMENT_INDEX, ELEMENT_MAIN, type Kernel } from "../kernel.ts";
import { type Hyper, HYPER_INDEX } from "./gradient_norm.ts";

export const adamw = {
  name: "adamw",
  buffers: {
    w: "write vec4f",
    m: "write vec4f",
    v: "write vec4f",
    g: "write vec4f",
    hyper: "read f32",
    norm: "read f32",
  },
  shape: { count4: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  let i = ${ELEMENT_INDEX};
  if (i >= shape.count4) { return; }
  let g_i = g[i] * norm[1];
  g[i] = vec4f(0.0);
  if (norm[2] != 1.0) { return; }
  let lr = hyper[${HYPER_INDEX("lr")}];
  let b1 = hyper[${HYPER_INDEX("beta1")}];
  let b2 = hyper[${HYPER_INDEX("beta2")}];
  let m_i = b1 * m[i] + (1.0 - b1) * g_i;
  let v_i = b2 * v[i] + (1.0 - b2) * g_i * g_i;
  m[i] = m_i;
  v[i] = v_i;
  let decayed = w[i] - lr * hyper[${HYPER_INDEX("weight_decay")}] * w[i];
  let corrected = sqrt(v_i / hyper[${HYPER_INDEX("correct2")}]) + hyper[${HYPER_INDEX("eps")}];
  w[i] = decayed - lr * (m_i / hyper[${HYPER_INDEX("correct1")}]) / corrected;
}`,
} as const satisfies Kernel;

/** CPU twin, in place, for one parameter. */
export const twinAdamw = (
  w: Float64Array,
  m: Float64Array,
  v: Float64Array,
  g: Float64Array,
  scale: number,
  o: Hyper,
): void => {
  for (let i = 0; i < w.length; i++) {
    const g_i = g[i]! * scale;
    m[i] = o.beta1 * m[i]! + (1 - o.beta1) * g_i;
    v[i] = o.beta2 * v[i]! + (1 - o.beta2) * g_i * g_i;
    w[i]! -= o.lr * o.weight_decay * w[i]!;
    w[i]! -= o.lr * (m[i]! / o.correct1) / (Math.sqrt(v[i]! / o.correct2) + o.eps);
  }
};
