import { matmulNT, matmulNTGroups, twinNT } from "./matmul_nt.ts";
import { laidOut, numbers, pad4, SIZES, type Trial, tryKernel, withSpare } from "./trial_test.ts";
import { type WeightFormat, weightStride } from "./weight.ts";
import { storedWeights } from "./weight_test.ts";

const trial = (
  M: number,
  N: number,
  K: number,
  mode: 0 | 1 | 2,
  alpha = 1,
  format: WeightFormat = "f32",
): Trial => {
  const [x, a, y] = [numbers(M * K, 1), numbers(M * N, 3), numbers(M * N, 4)];
  const { w, stored } = storedWeights(format, numbers(N * K, 2), K);
  const product = twinNT(x, w, M, N, K);
  const added = [y.map(() => 0), a, y][mode]!;
  const [Kp, start, stride] = [pad4(K), 8, N + 11];
  return {
    label: `${M} x ${N} x ${K} ${format}, mode ${mode}`,
    kernel: matmulNT(format),
    buffers: {
      x: laidOut(x, K, Kp),
      w: stored,
      a: Float32Array.from(a),
      y: withSpare(laidOut(y, N, stride, start, 5), 20 * stride),
    },
    shape: {
      row0: 0,
      rows_max: M,
      columns: N,
      depth4: Kp / 4,
      x_start4: 0,
      x_stride4: Kp / 4,
      w_stride: weightStride(format, Kp),
      y_start: start,
      y_stride: stride,
      a_stride: N,
      mode,
      alpha,
    },
    pass: { rows: M },
    groups: (lanes) => matmulNTGroups(lanes, N, 0, M),
    // What is not y must stay as it was.
    expected: {
      y: withSpare(
        laidOut(product.map((p, i) => alpha * p + added[i]!), N, stride, start, 5),
        20 * stride,
      ),
    },
  };
};

tryKernel("matmul_nt", [
  ...SIZES.flatMap((M) => SIZES.map((N) => trial(M, N, 70, 0))),
  trial(6, 33, 3, 1),
  trial(17, 31, 128, 2, 0.5),
], [
  ["fma(b, w1.y, s3_1)", "fma(b, w1.x, s3_1)"],
  ["k < shape.depth4", "k + 1u < shape.depth4"],
  ["column >= shape.columns", "column > shape.columns"],
  ["shape.alpha * sum", "sum"],
  ["row * shape.a_stride", "column * shape.a_stride"],
  ["value += y[at]", "value -= y[at]"],
  ["r0 + 5u < count", "r0 + 6u < count"],
  ["tile_a[(ty + 24u)", "tile_a[(ty + 16u)"],
  ["min(16u, depth - k0)", "16u"],
  ["workgroupBarrier();", ""],
  ["r0 + (ty + 8u) < count", "r0 + ty < count"],
]);

tryKernel(
  "matmul_nt over halves",
  SIZES.flatMap((M) => SIZES.map((N) => trial(M, N, 70, 0, 1, "f16"))),
  [["unpack2x16float(p.y)", "unpack2x16float(p.x)"]],
);

tryKernel(
  "matmul_nt over 4 bits",
  SIZES.flatMap((M) => SIZES.map((N) => trial(M, N, 70, 0, 1, "q4"))),
  [
    ["k4 / 8u * 5u", "k4 / 8u * 4u"],
    ["k4 % 2u * 16u", "0u"],
    ["q >> 8u", "q >> 4u"],
    ["level - f32(head >> 16u)", "level - 8.0"],
    ["block + 1u + k4 % 8u / 2u", "block + 1u + k4 % 8u / 4u"],
  ],
);
