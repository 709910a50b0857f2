import {
  clipScale,
  fixedGroups,
  fold,
  HYPER,
  type Hyper,
  squareSum,
  twinClip,
} from "./gradient_norm.ts";
import { numbers, SIZES, type Trial, tryKernel } from "./trial_test.ts";

export const hyperBuffer = (values: Partial<Hyper>): Float32Array =>
  Float32Array.from(HYPER, (name) => values[name] ?? 0);

tryKernel(
  "square_sum",
  SIZES.map((count): Trial => {
    const g = numbers(count, 1);
    const chunks = Math.ceil(count / 16);
    const partial = new Float64Array(chunks + 2);
    g.forEach((x, i) => partial[2 + Math.floor(i / 16)]! += x * x);
    return {
      label: `${count}`,
      kernel: squareSum,
      buffers: { g: Float32Array.from(g), partial: new Float32Array(chunks + 2) },
      shape: { count, chunk: 16, at: 2 },
      pass: {},
      groups: () => fixedGroups(chunks),
      expected: { partial },
    };
  }),
  [["g[i], g[i]", "g[i], 1.0"], ["shape.at +", "0u +"], [
    "shape.count); i++",
    "shape.count) - 1u; i++",
  ]],
);

tryKernel(
  "clip_scale",
  [
    ...SIZES.flatMap((count) => [0, 0.5, 99].map((clip) => [numbers(count, 1), clip] as const)),
    [Float64Array.of(1, NaN), 1] as const,
    [Float64Array.of(1, Infinity), 0] as const,
  ].map(([g, clip_norm]): Trial => {
    const { norm, scale } = twinClip([g], clip_norm);
    const good = Number.isFinite(norm);
    return {
      label: `${g.length} chunks, clip ${clip_norm}`,
      kernel: clipScale,
      buffers: {
        partial: Float32Array.from(g, (x) => x * x),
        hyper: hyperBuffer({ clip_norm }),
        // A norm that is no number is told by what stands behind it.
        norm: Float32Array.of(9, 9, 9),
      },
      shape: { chunks: g.length },
      pass: {},
      groups: () => fixedGroups(1),
      expected: good ? { norm: [norm, scale, 1] } : {},
    };
  }),
  [
    ["min(1.0, ", "min(2.0, "],
    ["sqrt(sum)", "sum"],
    ["c < shape.chunks", "c + 1u < shape.chunks"],
    ["0.0, 1.0, good", "0.0, 2.0, good"],
  ],
);

tryKernel(
  "fold",
  SIZES.flatMap((rows) =>
    [1, 0].map((good): Trial => {
      const [g, stash] = [numbers(4 * rows, 1), numbers(4 * rows, 2)];
      return {
        label: `${rows} of 4, good ${good}`,
        kernel: fold,
        buffers: {
          g: Float32Array.from(g),
          stash: Float32Array.from(stash),
          hyper: hyperBuffer({ weight: 3 }),
          norm: Float32Array.of(5, 0.25, good, 0),
        },
        shape: { count4: rows },
        pass: {},
        groups: () => fixedGroups(rows),
        expected: { g: g.map(() => 0), stash: stash.map((x, i) => x + good * 0.75 * g[i]!) },
      };
    })
  ),
  [
    ["stash[i] + ", ""],
    ["* norm[1] * g[i]", "* g[i]"],
    ["g[i] = vec4f(0.0)", "g[i] = g[i]"],
    ["norm[2] == 1.0", "true"],
  ],
);
