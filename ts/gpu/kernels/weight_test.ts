import { strict as assert } from "node:assert";
import fc from "fast-check";
import { laidOut, pad4 } from "./trial_test.ts";
import { encodeWeights, twinWeights, type WeightFormat, weightWords } from "./weight.ts";

/** Rows of K weights as a kernel binds them (padded to 4, and to `rows` rows), and as it will see them. */
export const storedWeights = (
  format: WeightFormat,
  w: Float64Array,
  K: number,
  rows = w.length / K,
): { readonly w: Float64Array; readonly stored: Float32Array | Uint32Array } => {
  const Kp = pad4(K);
  const wide = new Float32Array(rows * Kp);
  wide.set(laidOut(w, K, Kp));
  const words = encodeWeights(format, wide, Kp);
  const seen = twinWeights(format, words, Kp);
  return {
    w: w.map((_, i) => seen[Math.floor(i / K) * Kp + i % K]!),
    stored: format === "f32" ? wide : words,
  };
};

const weights = fc.integer({ min: 1, max: 30 }).chain((quarter) =>
  fc.array(fc.double({ min: -3, max: 3, noNaN: true }), {
    minLength: 8 * quarter,
    maxLength: 8 * quarter,
  }).map((row) => ({ inputs: 4 * quarter, data: Float32Array.from(row) }))
);

Deno.test("zeros stay zeros, and 4 bits are off by at most a step, halves by 2^-11", () => {
  fc.assert(fc.property(weights, ({ inputs, data }) => {
    for (const format of ["f32", "f16", "q4"] as const) {
      const words = encodeWeights(format, data, inputs);
      assert.equal(words.length, 2 * weightWords(format, inputs));
      const seen = twinWeights(format, words, inputs);
      data.forEach((w, i) => {
        if (w === 0) assert.equal(Math.abs(seen[i]!), 0);
        const from = i - i % inputs % 32;
        const end = Math.min(from + 32, from - from % inputs + inputs);
        const block = data.subarray(from, end);
        const step = (Math.max(0, ...block) - Math.min(0, ...block)) / 15;
        // The scale and the zero point are themselves rounded.
        const allowed = { f32: 0, f16: Math.abs(w) * 2 ** -11 + 2 ** -25, q4: 1.02 * step + 1e-6 }[
          format
        ];
        assert.ok(Math.abs(seen[i]! - w) <= allowed, `${format}: ${w} became ${seen[i]}`);
      });
    }
  }));
});
