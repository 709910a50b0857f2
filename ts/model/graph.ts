import type { Device, Slice } from "../gpu/mod.ts";
import { loraScale } from "./adapter.ts";
import type { Arena } from "./arena.ts";
import { type Layout, loraTargets, shardsOf } from "./layout.ts";
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
  readonly embedding: Pick<Projection, "format" | "shards">;
  /** An activation of a layer: its own, or one that all layers share. */
  readonly activation: (layer: number, name: string) => Slice;
  /** The residual stream that enters layer l; after the last, `head.x` when layers keep their own. */
  readonly stream: (layer: number) => Slice;
  /** Layers keep only their stream: the rest of a layer is computed again before its gradient. */
  readonly recompute: boolean;
}

/** What an engine has allocated, and by which plan. */
export interface Ground {
  readonly device: Device;
  readonly sizes: Sizes;
  readonly plan: PlanOptions;
  readonly lora: LoraPlan | undefined;
  readonly buffer: (name: string) => Slice;
  readonly layout: Layout;
  readonly arena: (name: string) => Arena;
}

/** A graph over `buffers`; `trained` stands for the weights that are trained, or their reference. */
export const graphOver = (
  { device, sizes, plan, lora, buffer, layout, arena }: Ground,
  o: { readonly train: boolean; readonly trained: Arena },
): Graph => {
  const { trained } = o;
  const model = lora ? arena("weights.model") : trained;
  const gradients = o.train ? arena("gradients.sum") : undefined;
  const find = (layout: Layout, flat: Arena, key: string): Slice => {
    const { start, rows, words } = layout.tensors.get(key)!;
    return flat.slice(start, rows * words);
  };
  const weight = (key: string) => find(layout, model, key);
  const gradient = (key: string) => gradients && !lora ? find(layout, gradients, key) : undefined;
  const set = (l: number) => o.train && !plan.recompute ? l : 0;
  const activation = (l: number, name: string) => buffer(`activations.${set(l)}.${name}`);
  const stream = (l: number) => {
    if (!o.train) return buffer("activations.0.x");
    return buffer(l === sizes.layers ? "head.x" : `activations.${l}.x`);
  };
  const matrix = (key: string): Pick<Projection, "format" | "shards"> => {
    const tensor = layout.tensors.get(key)!;
    const shards = shardsOf(tensor, plan.shard_bytes).map(({ row, rows, start }): Shard => ({
      weight: model.slice(start, rows * tensor.words),
      gradient: lora ? undefined : gradients?.slice(start, rows * tensor.words),
      start: row,
      outputs: rows,
    }));
    return { format: tensor.format, shards };
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
        const half = (flat: Arena, which: "A" | "B") =>
          find(lora.layout, flat, `${l}.${target}.${which}`);
        const grad = lora.trained ? gradients : undefined;
        return {
          a: half(trained, "A"),
          b: half(trained, "B"),
          rank: pad4(lora.config.rank),
          scale: loraScale(lora.config),
          start: t.start,
          outputs: t.outputs_p,
          down: activation(l!, `lora.${target}`),
          gradient_a: grad && half(grad, "A"),
          gradient_b: grad && half(grad, "B"),
        };
      });
    return { ...matrix(key), inputs, outputs, adapters };
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
    embedding: matrix("embed"),
    activation,
    stream,
    recompute: o.train && plan.recompute,
  };
};
