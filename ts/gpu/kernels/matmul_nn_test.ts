import { matmulNN, matmulNNGroups, twinNN } from "./matmul_nn.ts";
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
  const [dy, a, dx] = [numbers(M * N, 1), numbers(M * K, 3), numbers(M * K, 4)];
  // Rows of padding are zeros, as in the arena.
  const { w, stored } = storedWeights(format, numbers(N * K, 2), K, pad4(N));
  const product = twinNN(dy, w, M, N, K);
  const added = [dx.map(() => 0), a, dx][mode]!;
  const [Kp, Np, start] = [pad4(K), pad4(N), 4];
  return {
    label: `${M} x ${N} x ${K} ${format}, mode ${mode}`,
    kernel: matmulNN(format),
    buffers: {
      dy: laidOut(laidOut(dy, N, Np), Np, Np + start, start, 9),
      w: stored,
      a: laidOut(a, K, Kp),
      dx: withSpare(laidOut(dx, K, Kp), 20 * Kp),
    },
    shape: {
      row0: 0,
      rows_max: M,
      columns4: Kp / 4,
      depth4: Np / 4,
      dy_start4: start / 4,
      dy_stride4: (Np + start) / 4,
      w_stride: weightStride(format, Kp),
      dx_stride4: Kp / 4,
      mode,
      alpha,
    },
    pass: { rows: M },
    groups: (lanes) => matmulNNGroups(lanes, K, 0, M),
    expected: {
      dx: withSpare(laidOut(product.map((p, i) => alpha * p + added[i]!), K, Kp), 20 * Kp),
    },
  };
};

tryKernel("matmul_nn", [
  ...SIZES.flatMap((M) => SIZES.map((K) => trial(M, 70, K, 0))),
  trial(8, 3, 33, 1),
  trial(17, 128, 31, 2, 0.5),
], [
  ["w_z, s5", "w_y, s5"],
  ["n < shape.depth4", "n + 1u < shape.depth4"],
  ["shape.alpha * sum", "sum"],
  ["value += a[at]", "value -= a[at]"],
  ["value += dx[at]", "value += a[at]"],
  ["r0 + 7u < count", "r0 + 8u < count"],
  ["(q * 4u + 2u) * 16u", "(q * 4u + 1u) * 16u"],
  ["c0 + (tx + 8u) < shape.columns4", "c0 + tx < shape.columns4"],
  ["shape.dy_start4 +", "0u +"],
]);

for (const format of ["f16", "q4"] as const) {
  tryKernel(
    `matmul_nn over ${format}`,
    SIZES.flatMap((M) => SIZES.map((K) => trial(M, 70, K, 0, 1, format))),
    [["w_at + 2u * shape.w_stride", "w_at + 1u * shape.w_stride"]],
  );
}
