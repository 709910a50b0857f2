import { matmulTN, matmulTNGroups, twinTN } from "./matmul_tn.ts";
import { laidOut, numbers, pad4, SIZES, type Trial, tryKernel, withSpare } from "./trial_test.ts";

const trial = (M: number, N: number, K: number, row0 = 0): Trial => {
  const [dy, x, dw] = [numbers(M * N, 1), numbers(M * K, 2), numbers(N * K, 3)];
  const [Kp, start, alpha] = [pad4(K), 4, 0.5];
  const stride = pad4(N) + start;
  const total = dw.slice();
  twinTN(total, dy.map((value) => alpha * value), x, M, N, K);
  return {
    label: `${M} x ${N} x ${K} from row ${row0}`,
    kernel: matmulTN,
    buffers: {
      dy: withSpare(laidOut(dy, N, stride, start, 9), 99 * stride),
      x: withSpare(laidOut(x, K, Kp), 99 * Kp),
      dw: withSpare(laidOut(dw, K, Kp), 9 * Kp),
    },
    shape: {
      row0,
      rows_max: M + 50,
      outputs: N,
      columns4: Kp / 4,
      dy_start4: start / 4,
      dy_stride4: stride / 4,
      x_start4: 0,
      x_stride4: Kp / 4,
      dw_stride4: Kp / 4,
      alpha,
    },
    pass: { rows: row0 + M },
    groups: (lanes) => matmulTNGroups(lanes, N, K),
    expected: { dw: withSpare(laidOut(total, K, Kp), 9 * Kp) },
  };
};

tryKernel("matmul_tn", [
  ...SIZES.flatMap((M) => SIZES.map((N) => trial(M, N, 70))),
  ...SIZES.map((K) => trial(33, 12, K, 64)),
], [
  ["x_m, s6)", "x_m, s5)"],
  ["m < pairs", "m + 2u < pairs"],
  ["if (pairs < count)", "if (count < pairs)"],
  ["dw[at] + shape.alpha", "shape.alpha"],
  ["shape.alpha * sum", "sum"],
  ["n0 + 0u < shape.outputs", "n0 + 1u < shape.outputs"],
  ["tile_a[(q) * 16u + ty + 8u]", "tile_a[(q) * 16u + ty]"],
  ["(k0 + i / 16u)", "(k0 + i % 16u)"],
  ["shape.dy_start4 + n0", "n0"],
  ["max(pass_.rows, shape.row0) - shape.row0", "pass_.rows"],
]);
