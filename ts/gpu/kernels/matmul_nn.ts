/**
 * dX = alpha dY W (+ A, or added onto dX): the gradient that a projection hands back to its input.
 *
 *   dx[m, k] = alpha * sum_n dy[m, n] w[n, k] + a[m, k]      dY (M,N)  W (N,K)  dX (M,K)
 *
 * A lane sums four adjacent columns. N and K are padded to multiples of 4 with zeros.
 */
import type { Dispatch } from "../device.ts";
import type { Kernel, Lanes } from "../kernel.ts";
import { TILE, tiledMain } from "./tiles.ts";
import { weightCode, type WeightFormat, weightUse } from "./weight.ts";

/** W is stored as `format` says. */
export const matmulNN = (format: WeightFormat = "f32") => ({
  name: format === "f32" ? "matmul_nn" : `matmul_nn_${format}`,
  buffers: { dy: "read vec4f", w: weightUse[format], a: "read vec4f", dx: "write vec4f" },
  shape: {
    row0: "u32",
    rows_max: "u32",
    columns4: "u32", // K / 4
    depth4: "u32", // N / 4
    dy_start4: "u32",
    dy_stride4: "u32",
    w_stride: "u32", // `weightStride(format, K)`
    dx_stride4: "u32",
    mode: "u32", // 0: nothing added, 1: a (laid out as dx), 2: what dx held
    alpha: "f32",
  },
  code: (lanes: Lanes) => `
${lanes === "workgroup" ? TILED : main(lanes)}
fn store(row: u32, column: u32, sum: vec4f) {
  let at = row * shape.dx_stride4 + column;
  var value = shape.alpha * sum;
  if (shape.mode == 1u) { value += a[at]; }
  if (shape.mode == 2u) { value += dx[at]; }
  dx[at] = value;
}
${weightCode(format)}`,
} as const satisfies Kernel);

const main = (lanes: Exclude<Lanes, "workgroup">): string => {
  const rows = rowsPerLane(lanes);
  const R = [...Array(rows).keys()];
  const broadcast = lanes === "broadcast";
  const loaded = R.filter((r) => !broadcast || r % 8 === 0);
  return `
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index % 8u;
  let count = min(shape.rows_max, max(pass_.rows, shape.row0) - shape.row0);
  let r0 = (wid.y * 4u + index / 8u) * ${rows}u;
  let column = wid.x * 8u + lane;
  ${
    loaded.map((r) =>
      `let dy_at${r} = shape.dy_start4 + (r0 + ${
        broadcast ? `${r}u + lane` : `${r}u`
      }) * shape.dy_stride4;`
    ).join("\n  ")
  }
  ${R.map((r) => `var s${r} = vec4f(0.0);`).join(" ")}
  for (var n = 0u; n < shape.depth4; n++) {
    ${loaded.map((r) => `let dy${r} = dy[dy_at${r} + n];`).join("\n    ")}
    let w_at = n * 4u * shape.w_stride;
    ${
    [..."xyzw"].map((e, i) =>
      `let w_${e} = weight(w_at + ${i}u * shape.w_stride, column);\n    ` +
      R.map((r) =>
        `s${r} = fma(vec4f(${
          broadcast ? `subgroupBroadcast(dy${r & ~7}.${e}, ${r & 7}u)` : `dy${r}.${e}`
        }), w_${e}, s${r});`
      ).join("\n    ")
    ).join("\n    ")
  }
  }
  if (column < shape.columns4) {
    ${R.map((r) => `if (r0 + ${r}u < count) { store(r0 + ${r}u, column, s${r}); }`).join("\n    ")}
  }
}`;
};

const TILED = tiledMain({
  a: {
    quads: "along",
    load: (i, k) => `dy[shape.dy_start4 + (r0 + ${i}) * shape.dy_stride4 + ${k} / 4u]`,
  },
  b: { quads: "across", load: (i, k) => `weight(${k} * shape.w_stride, c0 + ${i})` },
  depth: "shape.depth4 * 4u",
  before: `let r0 = wid.y * ${TILE}u;
  let c0 = wid.x * ${TILE / 4}u;
  let count = min(shape.rows_max, max(pass_.rows, shape.row0) - shape.row0);`,
  store: (row, column, sum) =>
    `if (r0 + ${row} < count && c0 + ${column} < shape.columns4) { store(r0 + ${row}, c0 + ${column}, ${sum}); }`,
});

const rowsPerLane = (lanes: Exclude<Lanes, "workgroup">) => lanes === "broadcast" ? 16 : 4;

export const matmulNNGroups = (
  lanes: Lanes,
  columns: number,
  row0: number,
  rows_max: number,
): Dispatch["groups"] => {
  const [tile_rows, tile_columns] = lanes === "workgroup"
    ? [TILE, TILE]
    : [4 * rowsPerLane(lanes), 32];
  return ({ rows }) => [
    Math.ceil(columns / tile_columns),
    Math.ceil(Math.min(rows_max, Math.max(0, rows - row0)) / tile_rows),
  ];
};

/** CPU twin: dY (M,N), W (N,K) -> (M,K). */
export const twinNN = (dy: Float64Array, w: Float64Array, M: number, N: number, K: number) => {
  const dx = new Float64Array(M * K);
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      const factor = dy[m * N + n]!;
      for (let k = 0; k < K; k++) dx[m * K + k]! += factor * w[n * K + k]!;
    }
  }
  return dx;
};
