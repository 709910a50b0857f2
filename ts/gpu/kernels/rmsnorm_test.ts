import {
  rmsnorm,
  rmsnormBackward,
  rmsnormBackwardWeight,
  rmsnormGroups,
  rmsnormWeightGroups,
  twinRmsnorm,
  twinRmsnormBackward,
} from "./rmsnorm.ts";
import { laidOut, numbers, pad4, SIZES, type Trial, tryKernel } from "./trial_test.ts";

const EPS = 1e-2;
const CHUNK = 16;

/** `heads` groups a row, `before` numbers ahead of them in a row. */
const setting = (rows: number, heads: number, width: number, before = 0) => {
  const G = rows * heads;
  const [x, w, dy, a] = [
    numbers(G * width, 1),
    numbers(width, 2),
    numbers(G * width, 3),
    numbers(G * width, 4),
  ];
  const padded = pad4(width);
  const stride = before + heads * padded;
  const lay = (data: ArrayLike<number>) =>
    laidOut(laidOut(data, width, padded), heads * padded, stride, before, 0);
  const shape = {
    heads,
    width,
    head_stride: padded,
    x_stride: stride,
    x_start: before,
    y_stride: stride,
    y_start: before,
  };
  const forward = twinRmsnorm(x, w, EPS);
  return { G, x, w, dy, a, lay, shape, forward, label: `${rows} x ${heads} x ${width}` };
};

const settings = [
  ...SIZES.map((rows) => setting(rows, 1, 37)),
  setting(7, 3, 10, 8),
  setting(5, 2, 1),
];

tryKernel(
  "rmsnorm",
  settings.map(({ G, x, w, lay, shape, forward, label }): Trial => ({
    label,
    kernel: rmsnorm,
    buffers: {
      x: lay(x),
      w: Float32Array.from(w),
      y: lay(x.map(() => 0)),
      scale: new Float32Array(G),
    },
    shape: { ...shape, eps: EPS },
    pass: { rows: G / shape.heads },
    groups: () => rmsnormGroups(shape.heads),
    expected: { y: lay(forward.y), scale: forward.scale },
  })),
  [
    ["fma(v, v, squares)", "fma(v, v, 0.0)"],
    ["+ shape.eps", "+ 0.0"],
    ["w[i] * x[x_at + i] * r", "x[x_at + i] * r"],
    ["i < shape.width", "i + 1u < shape.width"],
    ["head * shape.head_stride", "head"],
  ],
);

tryKernel(
  "rmsnorm_backward",
  settings.flatMap(({ G, x, w, dy, a, lay, shape, forward, label }) =>
    [0, 1].map((mode): Trial => ({
      label: `${label}, mode ${mode}`,
      kernel: rmsnormBackward,
      buffers: {
        x: lay(x),
        w: Float32Array.from(w),
        scale: Float32Array.from(forward.scale),
        dy: lay(dy),
        a: lay(a),
        dx: lay(x.map(() => 0)),
      },
      shape: { ...shape, mode },
      pass: { rows: G / shape.heads },
      groups: () => rmsnormGroups(shape.heads),
      expected: {
        dx: lay(
          twinRmsnormBackward(new Float64Array(w.length), dy, x, w, forward.scale)
            .map((d, i) => d + mode * a[i]!),
        ),
      },
    }))
  ),
  [
    ["r * r * along", "r * along"],
    ["- x[x_at + i] * pull", "+ x[x_at + i] * pull"],
    ["fma(w[i] * dy", "fma(dy"],
    ["d += a[y_at + i]", "d -= a[y_at + i]"],
    ["r * (w[i]", "(w[i]"],
  ],
);

tryKernel(
  "rmsnorm_backward_weight",
  settings.map(({ G, x, dy, lay, shape, forward, label }): Trial => {
    const chunks = Math.ceil(G / CHUNK);
    const D = shape.width;
    const partial = new Float64Array(chunks * D);
    for (let g = 0; g < G; g++) {
      for (let i = 0; i < D; i++) {
        partial[Math.floor(g / CHUNK) * D + i]! += dy[g * D + i]! * x[g * D + i]! *
          forward.scale[g]!;
      }
    }
    return {
      label,
      kernel: rmsnormBackwardWeight,
      buffers: {
        x: lay(x),
        scale: Float32Array.from(forward.scale),
        dy: lay(dy),
        partial: new Float32Array(partial.length),
      },
      shape: { ...shape, chunk: CHUNK },
      pass: { rows: G / shape.heads },
      groups: () => rmsnormWeightGroups(shape.heads, D, CHUNK),
      expected: { partial },
    };
  }),
  [
    ["x_i * scale[group]", "x_i"],
    ["min(first + shape.chunk, count)", "count"],
    ["group % shape.heads", "0u"],
  ],
);
