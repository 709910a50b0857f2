import { type Device, part, type Slice } from "../gpu/mod.ts";
import { loraScale } from "./adapter.ts";
import { type Layout, loraTargets, modelLayout, shardRows } from "./layout.ts";
import type { LoraPlan } from "./lora_plan.ts";
import { logitsRows, passRows, type PlanOptions } from "./memory.ts";
import type { Projection, Shard } from "./projection.ts";
import { pad4, type Sizes } from "./sizes.ts";

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
  /** The token embedding, in shards of rows. */
  readonly embedding: readonly Shard[];
  /** Index of the activation set of a layer: its own when training, 0 otherwise. */
  readonly set: (layer: number) => number;
  /** Every layer keeps its own set. */
  readonly own_sets: boolean;
}

/** The residual stream that enters layer l; after the last, `head.x` when layers keep their own. */
export const stream = (g: Graph, l: number): Slice =>
  l === g.sizes.layers && g.own_sets ? g.buffer("head.x") : g.buffer(`activations.${g.set(l)}.x`);

/** What an engine has allocated, and by which plan. */
export interface Ground {
  readonly device: Device;
  readonly sizes: Sizes;
  readonly plan: PlanOptions;
  readonly lora: LoraPlan | undefined;
  readonly buffer: (name: string) => Slice;
}

/** A graph over `buffers`; `trained` stands for the weights that are trained, or their reference. */
export const graphOver = (
  { device, sizes, plan, lora, buffer }: Ground,
  o: { readonly train: boolean; readonly trained: Slice },
): Graph => {
  const { trained } = o;
  const own = modelLayout(sizes);
  const model = lora ? buffer("weights.model") : trained;
  const find = (layout: Layout, flat: Slice, key: string): Slice => {
    const { start, rows, stride } = layout.tensors.get(key)!;
    return part(flat, start, rows * stride);
  };
  const weight = (key: string) => find(own, model, key);
  const gradient = (key: string) =>
    o.train && !lora ? find(own, buffer("optimizer.gradient"), key) : undefined;
  const set = (l: number) => o.train ? l : 0;
  const shards = (key: string): Shard[] => {
    const { stride, ...tensor } = own.tensors.get(key)!;
    const most = shardRows(stride, plan.shard_bytes);
    return Array.from({ length: Math.ceil(tensor.rows / most) }, (_, i) => {
      const start = i * most;
      const outputs = Math.min(most, tensor.rows - start);
      const rows = (slice: Slice) => part(slice, start * stride, outputs * stride);
      const grad = gradient(key);
      return { weight: rows(weight(key)), gradient: grad && rows(grad), start, outputs };
    });
  };
  const shapes = {
    qkv: [sizes.hidden_p, sizes.qkv_width],
    o: [sizes.q_width, sizes.hidden_p],
    gate_up: [sizes.hidden_p, 2 * sizes.mlp_p],
    down: [sizes.mlp_p, sizes.hidden_p],
    head: [sizes.hidden_p, sizes.vocab_p],
  } as const;
  const targets = loraTargets(sizes);
  const projection: Graph["projection"] = (l, name) => {
    const [inputs, outputs] = shapes[name];
    const key = l === undefined ? (sizes.tied ? "embed" : "head") : `${l}.${name}`;
    const adapters = l === undefined || !lora ? [] : lora.config.targets
      .filter((target) => targets.get(target)!.packed === name)
      .map((target): Projection["adapters"][number] => {
        const t = targets.get(target)!;
        const half = (flat: Slice, which: "A" | "B") =>
          find(lora.layout, flat, `${l}.${target}.${which}`);
        const grad = o.train && lora.trained ? buffer("optimizer.gradient") : undefined;
        return {
          a: half(trained, "A"),
          b: half(trained, "B"),
          rank: pad4(lora.config.rank),
          scale: loraScale(lora.config),
          start: t.start,
          outputs: t.outputs_p,
          down: buffer(`activations.${set(l)}.lora.${target}`),
          gradient_a: grad && half(grad, "A"),
          gradient_b: grad && half(grad, "B"),
        };
      });
    return { shards: shards(key), inputs, outputs, adapters };
  };
  return {
    device,
    sizes,
    rows_max: passRows(plan),
    logits_rows: logitsRows(sizes, plan),
    buffer,
    weight,
    gradient,
    projection,
    embedding: shards("embed"),
    set,
    own_sets: o.train,
  };
};
