/**
 * A matrix product whose workgroup of 64 sums 64 x 64 outputs: it loads 16 steps of the depth of both
 * operands into its memory, then each lane multiplies 8 rows with 8 columns of them. What one lane loads
 * serves eight, so a GPU is bound by its arithmetic and not by its caches.
 *
 *   c[i, j] = sum_k a[i, k] b[j, k]
 *
 * Each output is one chain of fused multiply-adds along k from 0, as in the other ways of sharing loads.
 */

/** How four numbers loaded at once lie: along the depth, or across the rows (of a) or columns (of b). */
export type Quads = "along" | "across";

export interface Tiles {
  readonly a: { readonly quads: Quads; readonly load: Load };
  readonly b: { readonly quads: Quads; readonly load: Load };
  /** WGSL: terms of each sum, the same in every lane; a multiple of 4 where quads lie along it. */
  readonly depth: string;
  /** WGSL: what the others use, from `wid` on. */
  readonly before: string;
  /** WGSL: keeps `sum`; quads of b lie across: a `vec4f` at a quad of columns, else one number. */
  readonly store: (row: string, column: string, sum: string) => string;
}

/** WGSL: the quad of row (or of the quad of rows, where they lie across) `i` of the tile at depth `k`. */
type Load = (i: string, k: string) => string;

/** Rows and columns of a workgroup. */
export const TILE = 64;

/** Quads lie along: from one row to the next in a tile, one more than there are, so that banks differ. */
const ROW = 5;

export const tiledMain = ({ a, b, depth, before, store }: Tiles): string => {
  const eight = [...Array(8).keys()];
  const wide = b.quads === "across";
  const columns = wide ? [0, 1] : eight;
  const sums = eight.flatMap((r) => columns.map((c) => `s${r}_${c}`));
  const fill = (name: string, { quads, load }: Tiles["a"]) =>
    quads === "along"
      ? `${name}[i / 4u * ${ROW}u + i % 4u] = ${load("(i / 4u)", "(k0 + i % 4u * 4u)")};`
      : `${name}[i] = ${load("(i % 16u)", "(k0 + i / 16u)")};`;
  /** The quads of a lane: its eight rows at four depths, or two quads of rows at one depth. */
  const take = (name: string, lane: string, quads: Quads, k: string) =>
    quads === "along"
      ? eight.map((r) => `let ${name}${r} = tile_${name}[(${lane} + ${8 * r}u) * ${ROW}u + q];`)
      : [0, 1].map((h) => `let ${name}${h} = tile_${name}[(${k}) * 16u + ${lane} + ${8 * h}u];`);
  const multiply = (factor: (r: number) => string, column: (c: number) => string) =>
    eight.flatMap((r) =>
      columns.map((c) => `s${r}_${c} = fma(${factor(r)}, ${column(c)}, s${r}_${c});`)
    );
  const along = a.quads === "along";
  const step = along
    ? [
      ...take("a", "ty", "along", ""),
      ...(wide ? [] : take("b", "tx", "along", "")),
      ...[..."xyzw"].flatMap((e, i) => [
        "{",
        ...(wide ? take("b", "tx", "across", `q * 4u + ${i}u`) : []),
        ...multiply(
          (r) => wide ? `vec4f(a${r}.${e})` : `a${r}.${e}`,
          (c) => wide ? `b${c}` : `b${c}.${e}`,
        ),
        "}",
      ]),
    ]
    : [
      ...take("a", "ty", "across", "q"),
      ...take("b", "tx", "across", "q"),
      ...multiply((r) => `vec4f(a${r >> 2}.${"xyzw"[r & 3]})`, (c) => `b${c}`),
    ];
  const row = (r: number) => along ? `ty + ${8 * r}u` : `(ty + ${8 * (r >> 2)}u) * 4u + ${r & 3}u`;
  return `
var<workgroup> tile_a: array<vec4f, ${TILE * ROW}>;
var<workgroup> tile_b: array<vec4f, ${TILE * ROW}>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) index: u32) {
  let tx = index % 8u;
  let ty = index / 8u;
  ${before}
  let depth = ${depth};
  ${sums.map((s) => `var ${s} = ${wide ? "vec4f(0.0)" : "0.0"};`).join(" ")}
  for (var k0 = 0u; k0 < depth; k0 += 16u) {
    for (var i = index; i < 256u; i += 64u) {
      ${fill("tile_a", a)}
      ${fill("tile_b", b)}
    }
    workgroupBarrier();
    let steps = min(16u, depth - k0)${along ? " / 4u" : ""};
    for (var q = 0u; q < steps; q++) {
      ${step.join("\n      ")}
    }
    workgroupBarrier();
  }
  ${
    eight.flatMap((r) => columns.map((c) => store(`(${row(r)})`, `(tx + ${8 * c}u)`, `s${r}_${c}`)))
      .join("\n  ")
  }
}`;
};
