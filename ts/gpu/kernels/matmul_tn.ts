/**
 * dW += alpha dY^T X: the gradient of a projection's weights, summed over the tokens of the pass.
 *
 *   dw[n, k] += alpha * sum_m dy[m, n] x[m, k]               dY (M,N)  X (M,K)  dW (N,K)
 *
 * One chain of multiply-adds along m per output, so the sum has one order and no atomics.
 */
import type { Dispatch } from "../device.ts";
import type { Kernel, Lanes } from "../kernel.ts";
import { TILE, tiledMain } from "./tiles.ts";

export const matmulTN = {
  name: "matmul_tn",
  buffers: { dy: "read vec4f", x: "read vec4f", dw: "write vec4f" },
  shape: {
    row0: "u32",
    rows_max: "u32",
    outputs: "u32", // N
    columns4: "u32", // K / 4
    dy_start4: "u32",
    dy_stride4: "u32",
    x_start4: "u32",
    x_stride4: "u32",
    dw_stride4: "u32",
    alpha: "f32",
  },
  code: (lanes: Lanes) => `
${lanes === "workgroup" ? TILED : main(lanes)}
fn add(n: u32, column: u32, sum: vec4f) {
  let at = n * shape.dw_stride4 + column;
  dw[at] = dw[at] + shape.alpha * sum;
}`,
} as const satisfies Kernel;

const main = (lanes: Exclude<Lanes, "workgroup">): string => {
  const { outputs, groups } = tile(lanes);
  const R = [...Array(outputs).keys()];
  const broadcast = lanes === "broadcast";
  // A token's 32 outputs: eight lanes load four each and hand them round.
  const loaded = broadcast ? [0] : R.filter((r) => r % 4 === 0);
  const step = (m: string) =>
    `{
    let x_m = x[x_at + (${m}) * shape.x_stride4];
    ${
      loaded.map((r) =>
        `let dy${r} = dy[dy_at + (${m}) * shape.dy_stride4 + ${broadcast ? "lane" : `${r / 4}u`}];`
      ).join("\n      ")
    }
    ${
      R.map((r) => {
        const e = "xyzw"[r % 4];
        const value = broadcast ? `subgroupBroadcast(dy0.${e}, ${r >> 2}u)` : `dy${r & ~3}.${e}`;
        return `s${r} = fma(vec4f(${value}), x_m, s${r});`;
      }).join("\n      ")
    }
  }`;
  return `
@compute @workgroup_size(${8 * groups})
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index % 8u;
  let count = min(shape.rows_max, max(pass_.rows, shape.row0) - shape.row0);
  let n0 = (wid.y * ${groups}u + index / 8u) * ${outputs}u;
  let column = wid.x * 8u + lane;
  let x_at = shape.x_start4 + column;
  let dy_at = shape.dy_start4 + n0 / 4u;
  ${R.map((r) => `var s${r} = vec4f(0.0);`).join(" ")}
  let pairs = count / 2u * 2u;
  for (var m = 0u; m < pairs; m += 2u) {
    ${step("m")}
    ${step("m + 1u")}
  }
  if (pairs < count) ${step("pairs")}
  if (column < shape.columns4) {
    ${
    R.map((r) => `if (n0 + ${r}u < shape.outputs) { add(n0 + ${r}u, column, s${r}); }`).join(
      "\n    ",
    )
  }
  }
}`;
};

const TILED = tiledMain({
  a: {
    quads: "across",
    load: (i, k) => `dy[shape.dy_start4 + ${k} * shape.dy_stride4 + n0 / 4u + ${i}]`,
  },
  b: {
    quads: "across",
    load: (i, k) => `x[shape.x_start4 + ${k} * shape.x_stride4 + c0 + ${i}]`,
  },
  depth: "min(shape.rows_max, max(pass_.rows, shape.row0) - shape.row0)",
  before: `let n0 = wid.y * ${TILE}u;
  let c0 = wid.x * ${TILE / 4}u;`,
  store: (n, column, sum) =>
    `if (n0 + ${n} < shape.outputs && c0 + ${column} < shape.columns4) { add(n0 + ${n}, c0 + ${column}, ${sum}); }`,
});

/** Outputs of a lane, and eights of lanes in a workgroup; by measurement on lavapipe (`broadcast`). */
const tile = (lanes: Exclude<Lanes, "workgroup">) =>
  lanes === "broadcast" ? { outputs: 32, groups: 1 } : { outputs: 8, groups: 4 };

/** A workgroup has 32 outputs by 32 columns, either way; with tiles 64 by 64. */
export const matmulTNGroups = (
  lanes: Lanes,
  outputs: number,
  columns: number,
): Dispatch["groups"] => {
  const size = lanes === "workgroup" ? TILE : 32;
  return ({ rows }) => rows === 0 ? [0] : [Math.ceil(columns / size), Math.ceil(outputs / size)];
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
