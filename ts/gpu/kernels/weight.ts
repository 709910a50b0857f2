/**
 * How a frozen matrix may be stored: whole, in halves, or in 4 bits with a scale and a zero point for every
 * 32 weights of a row (asymmetric blockwise quantisation, as in GPTQ, Frantar et al. 2022). Kernels widen
 * as they load, and compute in f32.
 *
 *   q4, five words a block: the scale d as a half and, above it, the zero point z; then 32 nibbles q.
 *   w = d (q - z), so that 0 is kept exactly: padding stays 0.
 */
import type { BufferUse } from "../kernel.ts";

export type WeightFormat = "f32" | "f16" | "q4";

/** Weights of a block of q4, and its words. */
const BLOCK = 32;
const BLOCK_WORDS = 5;

/** How a kernel binds a matrix of a format. */
export const weightUse = {
  f32: "read vec4f",
  f16: "read vec2u",
  q4: "read u32",
} as const satisfies Record<WeightFormat, BufferUse>;

/** Elements of that binding from one row of `inputs` weights to the next; `inputs` is a multiple of 4. */
export const weightStride = (format: WeightFormat, inputs: number): number =>
  format === "q4" ? BLOCK_WORDS * Math.ceil(inputs / BLOCK) : inputs / 4;

/** 4-byte words of a row. */
export const weightWords = (format: WeightFormat, inputs: number): number =>
  weightStride(format, inputs) * { f32: 4, f16: 2, q4: 1 }[format];

/** WGSL: `weight(at, k4)` is weights 4 k4 to 4 k4 + 3 of the row whose first element is at `at` of `name`. */
export const weightCode = (format: WeightFormat, name = "w"): string =>
  `fn weight(at: u32, k4: u32) -> vec4f {
${
    {
      f32: `  return ${name}[at + k4];`,
      f16: `  let p = ${name}[at + k4];
  return vec4f(unpack2x16float(p.x), unpack2x16float(p.y));`,
      q4: `  let block = at + k4 / 8u * 5u;
  let head = ${name}[block];
  let q = ${name}[block + 1u + k4 % 8u / 2u] >> (k4 % 2u * 16u);
  let level = vec4f(vec4u(q, q >> 4u, q >> 8u, q >> 12u) & vec4u(15u));
  return unpack2x16float(head).x * (level - f32(head >> 16u));`,
    }[format]
  }
}`;

/** Rows of `inputs` weights as they are stored; a half that overflows is infinite. */
export const encodeWeights = (
  format: WeightFormat,
  weights: Float32Array<ArrayBuffer>,
  inputs: number,
): Uint32Array<ArrayBuffer> => {
  if (format === "f32") return new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
  if (format === "f16") return new Uint32Array(new Float16Array(weights).buffer);
  const rows = weights.length / inputs;
  const stride = weightWords("q4", inputs);
  const words = new Uint32Array(rows * stride);
  const half = new Float16Array(1);
  const bits = new Uint16Array(half.buffer);
  for (let r = 0; r < rows; r++) {
    for (let from = 0, at = r * stride; from < inputs; from += BLOCK, at += BLOCK_WORDS) {
      const block = weights.subarray(
        r * inputs + from,
        r * inputs + Math.min(inputs, from + BLOCK),
      );
      let [low, high] = [0, 0];
      for (const w of block) [low, high] = [Math.min(low, w), Math.max(high, w)];
      half[0] = (high - low) / 15;
      const scale = half[0]!;
      const zero = scale > 0 ? level(-low / scale) : 0;
      words[at] = bits[0]! | zero << 16;
      block.forEach((w, i) => {
        const q = scale > 0 ? level(w / scale + zero) : 0;
        words[at + 1 + (i >> 3)]! |= q << 4 * (i & 7);
      });
    }
  }
  return words;
};

/** CPU twin of `weight`: the weights that the kernels see. */
export const twinWeights = (
  format: WeightFormat,
  words: Uint32Array<ArrayBuffer>,
  inputs: number,
): Float64Array => {
  if (format === "f32") return Float64Array.from(new Float32Array(words.buffer));
  if (format === "f16") return Float64Array.from(new Float16Array(words.buffer));
  const stride = weightWords("q4", inputs);
  const halves = new Float16Array(words.buffer);
  return Float64Array.from({ length: words.length / stride * inputs }, (_, index) => {
    const [row, i] = [Math.floor(index / inputs), index % inputs];
    const at = row * stride + Math.floor(i / BLOCK) * BLOCK_WORDS;
    const q = words[at + 1 + (i % BLOCK >> 3)]! >>> 4 * (i & 7) & 15;
    return Math.fround(halves[2 * at]! * (q - (words[at]! >>> 16)));
  });
};

const level = (x: number): number => Math.min(15, Math.max(0, Math.round(x)));
