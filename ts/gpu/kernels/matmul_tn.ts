/**
 * dW += alpha dY^T X: the gradient of a projection's weights, summed over the tokens of the pass.
 *
 *   dw[n, k] += alpha * sum_m dy[m, n] x[m, k]               dY (M,N)  X (M,K)  dW (N,K)
 *
 * One chain of multiply-adds along m per output, so the sum has one order and no atomics.
 */
import type { Dispatch } from "../device.ts";
import type { Kernel, Lanes } from "../kernel.ts";

export const matmulTN = {
  name: "matmul_tn",
  buffers: { dy: "read f32", x: "read vec4f", dw: "write vec4f" },
  shape: {
    row0: "u32",
    rows_max: "u32",
    outputs: "u32", // N
    columns4: "u32", // K / 4
    dy_start: "u32",
    dy_stride: "u32",
    x_start4: "u32",
    x_stride4: "u32",
    dw_stride4: "u32",
    alpha: "f32",
  },
  code: (lanes: Lanes) => {
    const R = [...Array(8).keys()];
    const broadcast = lanes === "broadcast";
    return `
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index % 8u;
  let count = min(shape.rows_max, max(pass_.rows, shape.row0) - shape.row0);
  let n0 = (wid.y * 4u + index / 8u) * 8u;
  let column = wid.x * 8u + lane;
  ${R.map((r) => `var s${r} = vec4f(0.0);`).join(" ")}
  for (var m = 0u; m < count; m++) {
    let x_m = x[shape.x_start4 + m * shape.x_stride4 + column];
    let dy_at = shape.dy_start + m * shape.dy_stride + n0;
    ${
      broadcast
        ? `let dy_m = dy[dy_at + lane];\n    ` +
          R.map((r) => `s${r} = fma(vec4f(subgroupBroadcast(dy_m, ${r}u)), x_m, s${r});`).join(
            "\n    ",
          )
        : R.map((r) => `s${r} = fma(vec4f(dy[dy_at + ${r}u]), x_m, s${r});`).join("\n    ")
    }
  }
  if (column < shape.columns4) {
    ${
      R.map((r) => `if (n0 + ${r}u < shape.outputs) { add(n0 + ${r}u, column, s${r}); }`).join(
        "\n    ",
      )
    }
  }
}
fn add(n: u32, column: u32, sum: vec4f) {
  let at = n * shape.dw_stride4 + column;
  dw[at] = dw[at] + shape.alpha * sum;
}`;
  },
} as const satisfies Kernel;

export const matmulTNGroups = (outputs: number, columns: number): Dispatch["groups"] => {
  return ({ rows }) => rows === 0 ? [0] : [Math.ceil(columns / 32), Math.ceil(outputs / 32)];
};

/** CPU twin: dY (M,N), X (M,K) -> (N,K), added onto `dw`. */
export const twinTN = (
  dw: Float64Array,
  dy: Float64Array,
  x: Float64Array,
  M: number,
  N: number,
  K: number,
): void => {
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      const factor = dy[m * N + n]!;
      for (let k = 0; k < K; k++) dw[n * K + k]! += factor * x[m * K + k]!;
    }
  }
};
