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
  type Dispatch,
  embedding,
  embeddingBackward,
  embeddingBackwardGroups,
  embeddingGroups,
  headsPerLane,
  part,
  rope,
  ropeBackward,
  ropeGroups,
  type Slice,
  swiglu,
  swigluBackward,
  swigluGroups,
  weightStride,
} from "../gpu/mod.ts";
import type { Graph } from "./graph.ts";
import { deltaAt } from "./memory.ts";
import { biasBackward, headNorms, headNormsBackward, norm, normBackward } from "./norms.ts";
import { project, projectBackward } from "./projection.ts";
import type { Sizes } from "./sizes.ts";

/** Where keys and values live, and how attention finds its queries. */
export interface KeyValues {
  readonly kv: (layer: number) => Slice;
  readonly by: "block" | "row";
  readonly format: "f32" | "f16";
}

/** Tokens -> the residual stream after the last layer (`head.x`, or set 0's `x`). */
export const decoderForward = (g: Graph, keys: KeyValues): Dispatch[] =>
  decoderStages(g, keys).flat();

/** The same in its stages: the embedding, then each layer. */
export const decoderStages = (g: Graph, keys: KeyValues): Dispatch[][] => [
  g.embedding.shards.map(({ weight, start, outputs }) =>
    g.device.dispatch(
      embedding(g.embedding.format),
      { tokens: g.buffer("pass.tokens"), table: weight, x: g.stream(0) },
      {
        width4: g.sizes.hidden_p / 4,
        table_stride: weightStride(g.embedding.format, g.sizes.hidden_p),
        first: start,
        count: outputs,
      },
      embeddingGroups(g.sizes.hidden_p),
    )
  ),
  ...range(g.sizes.layers).map((l) => layerForward(g, l, keys)),
];

/** `again`: only what the layer's gradient needs, which is not the stream that leaves it. */
const layerForward = (g: Graph, l: number, keys: KeyValues, again = false): Dispatch[] => {
  const { device: d, sizes: s } = g;
  const at = (name: string) => g.activation(l, name);
  const tokens = g.buffer("pass.tokens");
  const table = g.buffer("pass.rope");
  const kv = keys.kv(l);
  const rows = { row0: 0, rows_max: g.rows_max };
  const width4 = s.mlp_p / 4;
  const bias = s.qkv_bias ? { a: g.weight(`${l}.qkv_bias`), stride: 0 } : undefined;
  // Decode loads keys for one query at a time: heads that share them go together.
  const per_lane = keys.by === "row" ? headsPerLane(s.heads, s.kv_heads) : 1;
  return [
    norm(g, `${l}.norm1`, g.stream(l), at("norm1"), at("scale1")),
    ...project(d, g.projection(l, "qkv"), { x: at("norm1"), y: at("qkv"), add: bias, rows }),
    ...(s.qk_norm ? headNorms(g, l) : []),
    d.dispatch(
      rope(keys.format),
      { tokens, table, qk: at(s.qk_norm ? "qk" : "qkv"), qkv: at("qkv"), q: at("q"), kv },
      headShape(s),
      ropeGroups(s.heads + 2 * s.kv_heads),
    ),
    d.dispatch(
      attention(s.head_p, keys.by, per_lane, keys.format),
      { tokens, blocks: g.buffer("pass.blocks"), q: at("q"), kv, o: at("o"), lse: at("lse") },
      attentionShape(s),
      attentionGroups(s.heads, keys.by, per_lane),
    ),
    ...project(d, g.projection(l, "o"), {
      x: at("o"),
      y: at("mid"),
      add: { a: g.stream(l), stride: s.hidden_p },
      rows,
    }),
    norm(g, `${l}.norm2`, at("mid"), at("norm2"), at("scale2")),
    ...project(d, g.projection(l, "gate_up"), { x: at("norm2"), y: at("gate_up"), rows }),
    d.dispatch(swiglu, { gu: at("gate_up"), y: at("act") }, { width4 }, swigluGroups(s.mlp_p)),
    ...(again && g.projection(l, "down").adapters.length === 0
      ? []
      : project(d, g.projection(l, "down"), {
        x: at("act"),
        y: g.stream(l + 1),
        add: { a: at("mid"), stride: s.hidden_p },
        rows,
      })),
  ];
};

/** In training keys and values live with the other activations. */
export const ownKeys = (g: Graph): KeyValues => ({
  kv: (l) => g.activation(l, "kv"),
  by: "block",
  format: "f32",
});

/** dx_a holds the gradient of the stream that leaves layer l; after it, of the one that enters. */
const layerBackward = (g: Graph, l: number): Dispatch[] => {
  const { device: d, sizes: s } = g;
  const at = (name: string) => g.activation(l, name);
  const grad = (name: string) => g.buffer(`backward.${name}`);
  const tokens = g.buffer("pass.tokens");
  const table = g.buffer("pass.rope");
  const blocks = g.buffer("pass.blocks");
  const rows = { row0: 0, rows_max: g.rows_max };
  const width4 = s.mlp_p / 4;
  const dlora = g.gradient(`${l}.qkv`) ? undefined : g.buffer("backward.dlora");
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
    ...normBackward(g, `${l}.norm1`, g.stream(l), at("scale1"), dnorm, out, mid),
  ];
};

/** From the final norm down to the embedding. */
export const decoderBackward = (g: Graph): Dispatch[] => {
  const dx = g.buffer("backward.dx_a");
  return [
    ...normBackward(
      g,
      "norm",
      g.stream(g.sizes.layers),
      g.buffer("head.scale"),
      g.buffer("backward.dnorm"),
      dx,
      undefined,
    ),
    ...range(g.sizes.layers).reverse().flatMap((l) => [
      ...(g.recompute && l + 1 < g.sizes.layers ? layerForward(g, l, ownKeys(g), true) : []),
      ...layerBackward(g, l),
    ]),
    ...g.embedding.shards.flatMap(({ gradient, start, outputs }) =>
      gradient
        ? [g.device.dispatch(
          embeddingBackward,
          { uses: g.buffer("backward.uses"), dx, dtable: gradient },
          { width4: g.sizes.hidden_p / 4, first: start, count: outputs },
          embeddingBackwardGroups(g.sizes.hidden_p),
        )]
        : []
    ),
  ];
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

const range = (count: number): number[] => [...Array(count).keys()];
