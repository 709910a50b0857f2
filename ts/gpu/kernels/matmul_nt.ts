/**
 * Y = alpha X W^T (+ A, or added onto Y): every projection of the forward pass.
 *
 *   y[m, n] = alpha * sum_k x[m, k] w[n, k] + a[m, n]        X (M,K)  W (N,K), as on disk  Y (M,N)
 *
 * Each output is one chain of fused multiply-adds along k from 0, whatever M is: a token gets the same
 * bits alone as among thousands. K and N are padded to multiples of 4 with zeros.
 */
import type { Dispatch } from "../device.ts";
import type { Kernel, Lanes } from "../kernel.ts";
import { TILE, tiledMain } from "./tiles.ts";
import { weightCode, type WeightFormat, weightUse } from "./weight.ts";

/** W is stored as `format` says. */
export const matmulNT = (format: WeightFormat = "f32") => ({
  name: format === "f32" ? "matmul_nt" : `matmul_nt_${format}`,
  buffers: { x: "read vec4f", w: weightUse[format], a: "read f32", y: "write f32" },
  shape: {
    row0: "u32", // first row of the pass that x and y hold
    rows_max: "u32", // rows that x and y hold
    columns: "u32", // N
    depth4: "u32", // K / 4
    x_start4: "u32",
    x_stride4: "u32",
    w_stride: "u32", // `weightStride(format, K)`
    y_start: "u32",
    y_stride: "u32",
    a_stride: "u32", // 0: a is a bias, one row for all
    mode: "u32", // 0: nothing added, 1: a, 2: what y held
    alpha: "f32",
  },
  code: (lanes: Lanes) => `
${lanes === "workgroup" ? TILED : main(lanes)}
fn store(row: u32, column: u32, sum: f32) {
  if (column >= shape.columns) { return; }
  let at = row * shape.y_stride + shape.y_start + column;
  var value = shape.alpha * sum;
  if (shape.mode == 1u) { value += a[row * shape.a_stride + column]; }
  if (shape.mode == 2u) { value += y[at]; }
  y[at] = value;
}
${weightCode(format)}`,
} as const satisfies Kernel);

const main = (lanes: Exclude<Lanes, "workgroup">): string => {
  const { rows, columns } = tile(lanes);
  const R = [...Array(rows).keys()];
  const C = [...Array(columns).keys()];
  const broadcast = lanes === "broadcast";
  return `
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) index: u32) {
  let lane = index % 8u;
  let count = min(shape.rows_max, max(pass_.rows, shape.row0) - shape.row0);
  let r0 = (wid.y * 4u + index / 8u) * ${rows}u;
  let c0 = wid.x * ${columns * 8}u + lane;
  ${
    R.filter((r) => !broadcast || r % 8 === 0).map((r) =>
      `let x_at${r} = shape.x_start4 + (r0 + ${
        broadcast ? `${r}u + lane` : `${r}u`
      }) * shape.x_stride4;`
    ).join("\n  ")
  }
  ${C.map((c) => `let w_at${c} = (c0 + ${c * 8}u) * shape.w_stride;`).join("\n  ")}
  ${R.flatMap((r) => C.map((c) => `var s${r}_${c} = 0.0;`)).join(" ")}
  for (var k = 0u; k < shape.depth4; k++) {
    ${
    R.filter((r) => !broadcast || r % 8 === 0).map((r) => `let x${r} = x[x_at${r} + k];`)
      .join("\n    ")
  }
    ${C.map((c) => `let w${c} = weight(w_at${c}, k);`).join("\n    ")}
    ${
    [..."xyzw"].flatMap((e) =>
      R.map((r) =>
        `{ let b = ${broadcast ? `subgroupBroadcast(x${r & ~7}.${e}, ${r & 7}u)` : `x${r}.${e}`}; ${
          C.map((c) => `s${r}_${c} = fma(b, w${c}.${e}, s${r}_${c});`).join(" ")
        } }`
      )
    ).join("\n    ")
  }
  }
  ${
    R.map((r) =>
      `if (r0 + ${r}u < count) { ${
        C.map((c) => `store(r0 + ${r}u, c0 + ${c * 8}u, s${r}_${c});`).join(" ")
      } }`
    )
      .join("\n  ")
  }
}`;
};

const TILED = tiledMain({
  a: {
    quads: "along",
    load: (i, k) => `x[shape.x_start4 + (r0 + ${i}) * shape.x_stride4 + ${k} / 4u]`,
  },
  b: { quads: "along", load: (i, k) => `weight((c0 + ${i}) * shape.w_stride, ${k} / 4u)` },
  depth: "shape.depth4 * 4u",
  before: `let r0 = wid.y * ${TILE}u;
  let c0 = wid.x * ${TILE}u;
  let count = min(shape.rows_max, max(pass_.rows, shape.row0) - shape.row0);`,
  store: (row, column, sum) =>
    `if (r0 + ${row} < count) { store(r0 + ${row}, c0 + ${column}, ${sum}); }`,
});

/** Rows and columns that one invocation sums; by measurement on lavapipe (`broadcast`). */
const tile = (lanes: Exclude<Lanes, "workgroup">) =>
  lanes === "broadcast" ? { rows: 16, columns: 4 } : { rows: 4, columns: 4 };

export const matmulNTGroups = (
  lanes: Lanes,
  columns: number,
  row0: number,
  rows_max: number,
): Dispatch["groups"] => {
  const own = lanes === "workgroup" ? undefined : tile(lanes);
  const [tile_rows, tile_columns] = own ? [4 * own.rows, 8 * own.columns] : [TILE, TILE];
  return ({ rows }) => [
    Math.ceil(columns / tile_columns),
    Math.ceil(Math.min(rows_max, Math.max(0, rows - row0)) / tile_rows),
  ];
};

/** CPU twin: X (M,K), W (N,K) -> (M,N). Its backward is `twinNN` for X and `twinTN` for W. */
export const twinNT = (x: Float64Array, w: Float64Array, M: number, N: number, K: number) => {
  const y = new Float64Array(M * N);
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += x[m * K + k]! * w[n * K + k]!;
      y[m * N + n] = sum;
    }
  }
  return y;
};
