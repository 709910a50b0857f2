/**
 * Global L2 norm of the gradient, and what clipping makes of it (Pascanu et al. 2013).
 *
 *   norm = sqrt(sum g^2),   scale = min(1, clip / (norm + 1e-6)),   clip 0: scale = 1
 *
 * Two steps of fixed order: chunks, then the chunks. NaN and infinity are told by their bits, since a
 * compiler may assume that they do not occur; scale is then 0 and `good` 0, and nothing is changed.
 * `fold` moves a gradient aside: stash += weight scale g, g = 0.
 */
import type { Dispatch } from "../device.ts";
import { ELEMENT_INDEX, ELEMENT_MAIN, elementGroups, type Kernel } from "../kernel.ts";

export const squareSum = {
  name: "square_sum",
  buffers: { g: "read f32", partial: "write f32" },
  shape: { count: "u32", chunk: "u32", at: "u32" }, // chunk c goes to partial[at + c]
  code: () => `
${ELEMENT_MAIN} {
  let c = ${ELEMENT_INDEX};
  if (c * shape.chunk >= shape.count) { return; }
  var sum = 0.0;
  for (var i = c * shape.chunk; i < min((c + 1u) * shape.chunk, shape.count); i++) {
    sum = fma(g[i], g[i], sum);
  }
  partial[shape.at + c] = sum;
}`,
} as const satisfies Kernel;

export const clipScale = {
  name: "clip_scale",
  buffers: { partial: "read f32", hyper: "read f32", norm: "write f32" }, // norm, scale, good
  shape: { chunks: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  if (${ELEMENT_INDEX} > 0u) { return; }
  var sum = 0.0;
  for (var c = 0u; c < shape.chunks; c++) { sum += partial[c]; }
  let good = (bitcast<u32>(sum) & 0x7f800000u) != 0x7f800000u;
  let length = sqrt(sum);
  var scale = 1.0;
  if (hyper[${HYPER_INDEX("clip_norm")}] > 0.0) { scale = min(1.0, hyper[${
    HYPER_INDEX("clip_norm")
  }] / (length + 1.0e-6)); }
  norm[0] = length;
  norm[1] = select(0.0, scale, good);
  norm[2] = select(0.0, 1.0, good);
}`,
} as const satisfies Kernel;

export const fold = {
  name: "fold",
  buffers: { g: "write vec4f", stash: "write vec4f", hyper: "read f32", norm: "read f32" },
  shape: { count4: "u32" },
  code: () => `
${ELEMENT_MAIN} {
  let i = ${ELEMENT_INDEX};
  if (i >= shape.count4) { return; }
  if (norm[2] == 1.0) { stash[i] = stash[i] + hyper[${HYPER_INDEX("weight")}] * norm[1] * g[i]; }
  g[i] = vec4f(0.0);
}`,
} as const satisfies Kernel;

/** Numbers of an update that change from step to step, in the order of the `hyper` buffer. */
export const HYPER = [
  "lr",
  "beta1",
  "beta2",
  "eps",
  "weight_decay",
  "correct1", // 1 - beta1^step
  "correct2", // 1 - beta2^step
  "clip_norm", // 0: no clipping
  "weight", // of `fold`
] as const;
export type Hyper = Readonly<Record<typeof HYPER[number], number>>;

/** Place of a number in the `hyper` buffer, as WGSL text. */
export function HYPER_INDEX(name: typeof HYPER[number]): string {
  return `${HYPER.indexOf(name)}u`;
}

export const fixedGroups = (invocations: number): Dispatch["groups"] => {
  const groups = elementGroups(invocations);
  return () => groups;
};

/** CPU twin: norm and scale. */
export const twinClip = (gradients: readonly Float64Array[], clip_norm: number) => {
  let sum = 0;
  for (const g of gradients) for (const value of g) sum += value * value;
  const norm = Math.sqrt(sum);
  return { norm, scale: clip_norm > 0 ? Math.min(1, clip_norm / (norm + 1e-6)) : 1 };
};
