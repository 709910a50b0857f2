/**
 * The decoder as lists of dispatches: `layerForward` and `layerBackward` read side by side, backward from
 * the last line up. One list serves training, scoring, prefill and decode; only buffers differ.
 *
 * N tokens of the flat stream, D hidden, F mlp, W = queries, keys and values of a row.
 */
import {
  attention,
  attentionBackwardGroups,
  attentionBackwardKey,
  attentionBackwardQuery,
  attentionGroups,
  chunkGroups,
  chunkSum,
  chunkSumGroups,
  COLUMN_CHUNK,
  columnSum,
  columnSumGroups,
  type Device,
  type Dispatch,
  embedding,
  embeddingBackward,
  embeddingBackwardGroups,
  embeddingGroups,
  headsPerLane,
  logprob,
  logprobBackward,
  part,
  rmsnorm,
  rmsnormBackward,
  rmsnormBackwardWeight,
  rmsnormGroups,
  rmsnormWeightGroups,
  rope,
  ropeBackward,
  ropeGroups,
  type Slice,
  swiglu,
  swigluBackward,
  swigluGroups,
} from "../gpu/mod.ts";
import { deltaAt } from "./memory.ts";
import { fromRow, project, projectBackward, type Projection, type Rows } from "./projection.ts";
import type { Sizes } from "./sizes.ts";

/** Everything that the lists are built over. */
export interface Graph {
  readonly device: Device;
  readonly sizes: Sizes;
  readonly rows_max: number;
  readonly logits_rows: number;
  readonly buffer: (name: string) => Slice;
  /** A parameter by its key in the layout. */
  readonly weight: (key: string) => Slice;
  /** Its gradient; undefined when it is frozen. */
  readonly gradient: (key: string) => Slice | undefined;
  readonly projection: (
    layer: number | undefined,
    name: "qkv" | "o" | "gate_up" | "down" | "head",
  ) => Projection;
  /** Index of the activation set of a layer: its own when training, 0 otherwise. */
  readonly set: (layer: number) => number;
  /** Every layer keeps its own set. */
  readonly own_sets: boolean;
}

/** Where keys and values live, and how attention finds its queries. */
export interface KeyValues {
  readonly kv: (layer: number) => Slice;
  readonly by: "block" | "row";
}

/** Tokens -> the residual stream after the last layer (`head.x`, or set 0's `x`). */
export const decoderForward = (g: Graph, keys: KeyValues): Dispatch[] => [
  g.device.dispatch(
    embedding,
    { tokens: g.buffer("pass.tokens"), table: g.weight("embed"), x: stream(g, 0) },
    { width4: g.sizes.hidden_p / 4 },
    embeddingGroups(g.sizes.hidden_p),
  ),
  ...range(g.sizes.layers).flatMap((l) => layerForward(g, l, keys)),
];

/** The residual stream that enters layer l; after the last, `head.x` when layers keep their own. */
const stream = (g: Graph, l: number): Slice =>
  l === g.sizes.layers && g.own_sets ? g.buffer("head.x") : g.buffer(`activations.${g.set(l)}.x`);

const layerForward = (g: Graph, l: number, keys: KeyValues): Dispatch[] => {
  const { device: d, sizes: s } = g;
  const at = (name: string) => g.buffer(`activations.${g.set(l)}.${name}`);
  const tokens = g.buffer("pass.tokens");
  const table = g.buffer("pass.rope");
  const kv = keys.kv(l);
  const rows = { row0: 0, rows_max: g.rows_max };
  const width4 = s.mlp_p / 4;
  const bias = s.qkv_bias ? { a: g.weight(`${l}.qkv_bias`), stride: 0 } : undefined;
  // Decode loads keys for one query at a time: heads that share them go together.
  const per_lane = keys.by === "row" ? headsPerLane(s.heads, s.kv_heads) : 1;
  return [
    norm(g, `${l}.norm1`, stream(g, l), at("norm1"), at("scale1")),
    ...project(d, g.projection(l, "qkv"), { x: at("norm1"), y: at("qkv"), add: bias, rows }),
    ...(s.qk_norm ? headNorms(g, l) : []),
    d.dispatch(
      rope,
      { tokens, table, qk: at(s.qk_norm ? "qk" : "qkv"), qkv: at("qkv"), q: at("q"), kv },
      headShape(s),
      ropeGroups(s.heads + 2 * s.kv_heads),
    ),
    d.dispatch(
      attention(s.head_p, keys.by, per_lane),
      { tokens, blocks: g.buffer("pass.blocks"), q: at("q"), kv, o: at("o"), lse: at("lse") },
      attentionShape(s),
      attentionGroups(s.heads, keys.by, per_lane),
    ),
    ...project(d, g.projection(l, "o"), {
      x: at("o"),
      y: at("mid"),
      add: { a: stream(g, l), stride: s.hidden_p },
      rows,
    }),
    norm(g, `${l}.norm2`, at("mid"), at("norm2"), at("scale2")),
    ...project(d, g.projection(l, "gate_up"), { x: at("norm2"), y: at("gate_up"), rows }),
    d.dispatch(swiglu, { gu: at("gate_up"), y: at("act") }, { width4 }, swigluGroups(s.mlp_p)),
    ...project(d, g.projection(l, "down"), {
      x: at("act"),
      y: stream(g, l + 1),
      add: { a: at("mid"), stride: s.hidden_p },
      rows,
    }),
  ];
};

/** dx_a holds the gradient of the stream that leaves layer l; after it, of the one that enters. */
const layerBackward = (g: Graph, l: number): Dispatch[] => {
  const { device: d, sizes: s } = g;
  const at = (name: string) => g.buffer(`activations.${g.set(l)}.${name}`);
  const grad = (name: string) => g.buffer(`backward.${name}`);
  const tokens = g.buffer("pass.tokens");
  const table = g.buffer("pass.rope");
  const blocks = g.buffer("pass.blocks");
  const rows = { row0: 0, rows_max: g.rows_max };
  const width4 = s.mlp_p / 4;
  const dlora = g.projection(l, "qkv").gradient ? undefined : g.buffer("backward.dlora");
  const [out, mid, dnorm] = [grad("dx_a"), grad("dx_b"), grad("dnorm")];
  const dq_delta = grad("dq_delta");
  const dq = part(dq_delta, 0, g.rows_max * s.q_width);
  const delta_at = deltaAt(s, g.rows_max);
  const delta = part(dq_delta, delta_at, g.rows_max * s.heads);
  const [q, kv, o, lse, d_o] = [at("q"), at("kv"), at("o"), at("lse"), grad("d_o")];
  const slots = s.heads + 2 * s.kv_heads;
  const turned = slots - s.kv_heads;
  const unrope = (dqkv: Slice, first: number, count: number) =>
    d.dispatch(
      ropeBackward,
      { tokens, table, dq, dkv: grad("dkv"), dqkv },
      { ...headShape(s), first, count },
      ropeGroups(count),
    );
  return [
    ...projectBackward(d, g.projection(l, "down"), {
      x: at("act"),
      dy: out,
      dx: grad("dact"),
      dlora,
      rows,
    }),
    d.dispatch(
      swigluBackward,
      { gu: at("gate_up"), dy: grad("dact"), dgu: grad("dgate_up") },
      { width4 },
      swigluGroups(s.mlp_p),
    ),
    ...projectBackward(d, g.projection(l, "gate_up"), {
      x: at("norm2"),
      dy: grad("dgate_up"),
      dx: dnorm,
      dlora,
      rows,
    }),
    ...normBackward(g, `${l}.norm2`, at("mid"), at("scale2"), dnorm, mid, out),
    ...projectBackward(d, g.projection(l, "o"), { x: o, dy: mid, dx: d_o, dlora, rows }),
    d.dispatch(
      attentionBackwardQuery(s.head_p),
      { tokens, blocks, q, kv, o, lse, d_o, dq_delta },
      { ...attentionShape(s), delta_at: delta_at / 4 },
      attentionBackwardGroups(s.heads),
    ),
    d.dispatch(
      attentionBackwardKey(s.head_p),
      { blocks, q, kv, lse, delta, d_o, dkv: grad("dkv") },
      attentionShape(s),
      attentionBackwardGroups(s.kv_heads),
    ),
    ...(s.qk_norm
      ? [
        unrope(grad("dqk"), 0, turned),
        unrope(grad("dqkv"), turned, s.kv_heads),
        ...headNormsBackward(g, l),
      ]
      : [unrope(grad("dqkv"), 0, slots)]),
    ...biasBackward(g, `${l}.qkv_bias`, grad("dqkv")),
    ...projectBackward(d, g.projection(l, "qkv"), {
      x: at("norm1"),
      dy: grad("dqkv"),
      dx: dnorm,
      dlora,
      rows,
    }),
    ...normBackward(g, `${l}.norm1`, stream(g, l), at("scale1"), dnorm, out, mid),
  ];
};

/** Final norm, then by chunks of rows: logits and what `use` makes of them. */
export const headForward = (g: Graph, use: (rows: Rows) => Dispatch[]): Dispatch[] => [
  norm(g, "norm", stream(g, g.sizes.layers), g.buffer("head.norm"), g.buffer("head.scale")),
  ...chunks(g).flatMap((rows) => [
    ...project(g.device, g.projection(undefined, "head"), {
      x: fromRow(g.buffer("head.norm"), rows, g.sizes.hidden_p),
      y: g.buffer("head.logits"),
      rows,
    }),
    ...use(rows),
  ]),
];

/** Log-prob and entropy of a chunk's targets. */
export const headLogprob = (g: Graph, rows: Rows): Dispatch[] => [
  g.device.dispatch(
    logprob,
    {
      tokens: g.buffer("pass.tokens"),
      logits: g.buffer("head.logits"),
      logp: g.buffer("head.logp"),
      entropy: g.buffer("head.entropy"),
      lse: g.buffer("head.lse"),
    },
    { ...rows, vocab: g.sizes.vocab, stride4: g.sizes.vocab_p / 4 },
    chunkGroups(rows.row0, rows.rows_max, 1),
  ),
];

/** From a chunk's logits to the gradient of the final norm's output, before the next chunk. */
export const headBackward = (g: Graph, rows: Rows): Dispatch[] => {
  const stride4 = g.sizes.vocab_p / 4;
  return [
    g.device.dispatch(
      logprobBackward,
      {
        tokens: g.buffer("pass.tokens"),
        dlogp: g.buffer("backward.dlogp"),
        lse: g.buffer("head.lse"),
        logits: g.buffer("head.logits"),
      },
      { ...rows, vocab: g.sizes.vocab, stride4 },
      chunkGroups(rows.row0, rows.rows_max, stride4),
    ),
    ...projectBackward(g.device, g.projection(undefined, "head"), {
      x: fromRow(g.buffer("head.norm"), rows, g.sizes.hidden_p),
      dy: g.buffer("head.logits"),
      dx: fromRow(g.buffer("backward.dnorm"), rows, g.sizes.hidden_p),
      rows,
    }),
  ];
};

/** From the final norm down to the embedding. */
export const decoderBackward = (g: Graph): Dispatch[] => {
  const dx = g.buffer("backward.dx_a");
  const dtable = g.gradient("embed");
  return [
    ...normBackward(
      g,
      "norm",
      stream(g, g.sizes.layers),
      g.buffer("head.scale"),
      g.buffer("backward.dnorm"),
      dx,
      undefined,
    ),
    ...range(g.sizes.layers).reverse().flatMap((l) => layerBackward(g, l)),
    ...(dtable
      ? [g.device.dispatch(
        embeddingBackward,
        { uses: g.buffer("backward.uses"), dx, dtable },
        { width4: g.sizes.hidden_p / 4 },
        embeddingBackwardGroups(g.sizes.hidden_p),
      )]
      : []),
  ];
};

const norm = (g: Graph, key: string, x: Slice, y: Slice, scale: Slice): Dispatch =>
  g.device.dispatch(
    rmsnorm,
    { x, w: g.weight(key), y, scale },
    { ...rowShape(g.sizes), eps: g.sizes.eps },
    rmsnormGroups(1),
  );

/** dx = gradient through the norm, plus `around` that went past it. */
const normBackward = (
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
const headNorms = (g: Graph, l: number): Dispatch[] => {
  const at = (name: string) => g.buffer(`activations.${g.set(l)}.${name}`);
  return headGroups(g.sizes).map(([name, shape]) =>
    g.device.dispatch(
      rmsnorm,
      { x: at("qkv"), w: g.weight(`${l}.${name}_norm`), y: at("qk"), scale: at(`scale_${name}`) },
      { ...shape, eps: g.sizes.eps },
      rmsnormGroups(shape.heads),
    )
  );
};

const headNormsBackward = (g: Graph, l: number): Dispatch[] => {
  const at = (name: string) => g.buffer(`activations.${g.set(l)}.${name}`);
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

const biasBackward = (g: Graph, key: string, x: Slice): Dispatch[] => {
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

const headShape = (s: Sizes) => ({
  heads: s.heads,
  kv_heads: s.kv_heads,
  half: s.head / 2,
  head_stride: s.head_p,
});

const attentionShape = (s: Sizes) => ({
  heads: s.heads,
  kv_heads: s.kv_heads,
  scale: 1 / Math.sqrt(s.head),
});

const chunks = (g: Graph): Rows[] =>
  range(Math.ceil(g.rows_max / g.logits_rows)).map((i) => ({
    row0: i * g.logits_rows,
    rows_max: g.logits_rows,
  }));

const range = (count: number): number[] => [...Array(count).keys()];
