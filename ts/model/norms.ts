/** Norms and biases as dispatches: over hidden states and, for Qwen3, over heads of q and k. */
import {
  chunkSum,
  chunkSumGroups,
  COLUMN_CHUNK,
  columnSum,
  columnSumGroups,
  type Dispatch,
  rmsnorm,
  rmsnormBackward,
  rmsnormBackwardWeight,
  rmsnormGroups,
  rmsnormWeightGroups,
  type Slice,
} from "../gpu/mod.ts";
import type { Graph } from "./graph.ts";
import type { Sizes } from "./sizes.ts";

export const norm = (g: Graph, key: string, x: Slice, y: Slice, scale: Slice): Dispatch =>
  g.device.dispatch(
    rmsnorm,
    { x, w: g.weight(key), y, scale },
    { ...rowShape(g.sizes), eps: g.sizes.eps },
    rmsnormGroups(1),
  );

/** dx = gradient through the norm, plus `around` that went past it. */
export const normBackward = (
  g: Graph,
  key: string,
  x: Slice,
  scale: Slice,
  dy: Slice,
  dx: Slice,
  around: Slice | undefined,
): Dispatch[] => [
  g.device.dispatch(
    rmsnormBackward,
    { x, w: g.weight(key), scale, dy, a: around ?? dy, dx },
    { ...rowShape(g.sizes), mode: around ? 1 : 0 },
    rmsnormGroups(1),
  ),
  ...normWeight(g, key, x, scale, dy, rowShape(g.sizes)),
];

const normWeight = (
  g: Graph,
  key: string,
  x: Slice,
  scale: Slice,
  dy: Slice,
  shape: GroupShape,
): Dispatch[] => {
  const total = g.gradient(key);
  if (!total) return [];
  const partial = g.buffer("backward.partial");
  const { heads, width } = shape;
  return [
    g.device.dispatch(
      rmsnormBackwardWeight,
      { x, scale, dy, partial },
      { ...shape, chunk: COLUMN_CHUNK },
      rmsnormWeightGroups(heads, width, COLUMN_CHUNK),
    ),
    g.device.dispatch(
      columnSum,
      { partial, total },
      { width, per_row: heads, chunk: COLUMN_CHUNK },
      columnSumGroups(width),
    ),
  ];
};

/** Qwen3: queries and keys are normed head by head, into `qk`. */
export const headNorms = (g: Graph, l: number): Dispatch[] => {
  const at = (name: string) => g.activation(l, name);
  return headGroups(g.sizes).map(([name, shape]) =>
    g.device.dispatch(
      rmsnorm,
      { x: at("qkv"), w: g.weight(`${l}.${name}_norm`), y: at("qk"), scale: at(`scale_${name}`) },
      { ...shape, eps: g.sizes.eps },
      rmsnormGroups(shape.heads),
    )
  );
};

export const headNormsBackward = (g: Graph, l: number): Dispatch[] => {
  const at = (name: string) => g.activation(l, name);
  const dy = g.buffer("backward.dqk");
  return headGroups(g.sizes).flatMap(([name, shape]) => {
    const key = `${l}.${name}_norm`;
    const scale = at(`scale_${name}`);
    return [
      g.device.dispatch(
        rmsnormBackward,
        { x: at("qkv"), w: g.weight(key), scale, dy, a: dy, dx: g.buffer("backward.dqkv") },
        { ...shape, mode: 0 },
        rmsnormGroups(shape.heads),
      ),
      ...normWeight(g, key, at("qkv"), scale, dy, shape),
    ];
  });
};

export const biasBackward = (g: Graph, key: string, x: Slice): Dispatch[] => {
  const total = g.sizes.qkv_bias ? g.gradient(key) : undefined;
  if (!total) return [];
  const partial = g.buffer("backward.partial");
  const width = g.sizes.qkv_width;
  return [
    g.device.dispatch(
      chunkSum,
      { x, partial },
      { width, stride: width, chunk: COLUMN_CHUNK },
      chunkSumGroups(width),
    ),
    g.device.dispatch(
      columnSum,
      { partial, total },
      { width, per_row: 1, chunk: COLUMN_CHUNK },
      columnSumGroups(width),
    ),
  ];
};

type GroupShape = ReturnType<typeof rowShape>;

const rowShape = (s: Sizes) => ({
  heads: 1,
  width: s.hidden,
  head_stride: s.hidden_p,
  x_stride: s.hidden_p,
  x_start: 0,
  y_stride: s.hidden_p,
  y_start: 0,
});

const headGroups = (s: Sizes): (readonly ["q" | "k", GroupShape])[] => {
  const shape = (heads: number, start: number) => ({
    heads,
    width: s.head,
    head_stride: s.head_p,
    x_stride: s.qkv_width,
    x_start: start,
    y_stride: s.qkv_width,
    y_start: start,
  });
  return [["q", shape(s.heads, 0)], ["k", shape(s.kv_heads, s.q_width)]];
};
