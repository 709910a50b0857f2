import { type WeightFormat, weightWords } from "../gpu/mod.ts";
import { pad4, type Sizes } from "./sizes.ts";

/**
 * Where parameters lie in one long array of 4-byte words: the engine's tensors (fused, padded), each made
 * of Hugging Face's. Gradients, moments and snapshots lie alike.
 */
export interface Layout {
  readonly tensors: ReadonlyMap<string, PackedTensor>;
  readonly words: number;
}

export interface PackedTensor {
  /** First word in the array; a multiple of 64 (256 bytes), as a binding must be. */
  readonly start: number;
  readonly rows: number;
  /** Numbers from row to row, a multiple of 4. */
  readonly stride: number;
  /** How they are stored; vectors are always f32. */
  readonly format: WeightFormat;
  /** Words from row to row: `stride` in f32. */
  readonly words: number;
  readonly parts: readonly Part[];
}

/** A tensor of the model's files inside a packed one. A vector is one row. */
export interface Part {
  /** Its name in the files. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly row: number;
  readonly column: number;
  /** Rows, or columns, come in heads of `size`, padded to `stride`. */
  readonly row_heads?: Heads;
  readonly column_heads?: Heads;
}

interface Heads {
  readonly size: number;
  readonly stride: number;
}

/**
 * The decoder's parameters. Keys: `embed`, `head`, `norm`, and per layer `0.qkv` and the like. Matrices are
 * stored in `format`; with 4 bits, embedding and head in halves, as in QLoRA (Dettmers et al. 2023).
 */
export const modelLayout = (s: Sizes, format: WeightFormat = "f32"): Layout => {
  const build = new LayoutBuilder(format);
  const ends = format === "q4" ? "f16" : format;
  const heads = { size: s.head, stride: s.head_p };
  const q = s.heads * s.head;
  const kv = s.kv_heads * s.head;
  const matrix = (name: string, rows: number, columns: number) => ({
    name,
    shape: [rows, columns],
    row: 0,
    column: 0,
  });
  const vector = (name: string, length: number) => ({ name, shape: [length], row: 0, column: 0 });

  build.add("embed", s.vocab_p, s.hidden_p, [
    matrix("model.embed_tokens.weight", s.vocab, s.hidden),
  ], ends);
  for (let l = 0; l < s.layers; l++) {
    const layer = `model.layers.${l}`;
    const attention = `${layer}.self_attn`;
    build.add(`${l}.norm1`, 1, s.hidden_p, [vector(`${layer}.input_layernorm.weight`, s.hidden)]);
    build.add(`${l}.qkv`, s.qkv_width, s.hidden_p, [
      { ...matrix(`${attention}.q_proj.weight`, q, s.hidden), row_heads: heads },
      { ...matrix(`${attention}.k_proj.weight`, kv, s.hidden), row: s.q_width, row_heads: heads },
      {
        ...matrix(`${attention}.v_proj.weight`, kv, s.hidden),
        row: s.q_width + s.kv_width,
        row_heads: heads,
      },
    ]);
    if (s.qkv_bias) {
      build.add(`${l}.qkv_bias`, 1, s.qkv_width, [
        { ...vector(`${attention}.q_proj.bias`, q), column_heads: heads },
        { ...vector(`${attention}.k_proj.bias`, kv), column: s.q_width, column_heads: heads },
        {
          ...vector(`${attention}.v_proj.bias`, kv),
          column: s.q_width + s.kv_width,
          column_heads: heads,
        },
      ]);
    }
    if (s.qk_norm) {
      build.add(`${l}.q_norm`, 1, s.head_p, [vector(`${attention}.q_norm.weight`, s.head)]);
      build.add(`${l}.k_norm`, 1, s.head_p, [vector(`${attention}.k_norm.weight`, s.head)]);
    }
    build.add(`${l}.o`, s.hidden_p, s.q_width, [
      { ...matrix(`${attention}.o_proj.weight`, s.hidden, q), column_heads: heads },
    ]);
    build.add(`${l}.norm2`, 1, s.hidden_p, [
      vector(`${layer}.post_attention_layernorm.weight`, s.hidden),
    ]);
    build.add(`${l}.gate_up`, 2 * s.mlp_p, s.hidden_p, [
      matrix(`${layer}.mlp.gate_proj.weight`, s.mlp, s.hidden),
      { ...matrix(`${layer}.mlp.up_proj.weight`, s.mlp, s.hidden), row: s.mlp_p },
    ]);
    build.add(`${l}.down`, s.hidden_p, s.mlp_p, [
      matrix(`${layer}.mlp.down_proj.weight`, s.hidden, s.mlp),
    ]);
  }
  build.add("norm", 1, s.hidden_p, [vector("model.norm.weight", s.hidden)]);
  if (!s.tied) {
    build.add("head", s.vocab_p, s.hidden_p, [matrix("lm_head.weight", s.vocab, s.hidden)], ends);
  }
  return build;
};

/** A projection that LoRA can adapt: the packed matrix it is part of and its place there. */
export interface Target {
  readonly module: string;
  readonly packed: "qkv" | "o" | "gate_up" | "down";
  readonly inputs: number;
  readonly inputs_p: number;
  readonly outputs: number;
  readonly outputs_p: number;
  /** First of its outputs among the packed matrix's. */
  readonly start: number;
  readonly input_heads?: Heads;
  readonly output_heads?: Heads;
}

/** The seven projections by the names PEFT knows. */
export const loraTargets = (s: Sizes): ReadonlyMap<string, Target> => {
  const heads = { size: s.head, stride: s.head_p };
  const hidden = { inputs: s.hidden, inputs_p: s.hidden_p };
  const kv = { outputs: s.kv_heads * s.head, outputs_p: s.kv_width, output_heads: heads };
  const out = { outputs: s.hidden, outputs_p: s.hidden_p, start: 0 };
  const mlp = { outputs: s.mlp, outputs_p: s.mlp_p };
  const q = s.heads * s.head;
  return new Map<string, Target>([
    ["q_proj", {
      module: "self_attn.q_proj",
      packed: "qkv",
      ...hidden,
      outputs: q,
      outputs_p: s.q_width,
      output_heads: heads,
      start: 0,
    }],
    ["k_proj", { module: "self_attn.k_proj", packed: "qkv", ...hidden, ...kv, start: s.q_width }],
    ["v_proj", {
      module: "self_attn.v_proj",
      packed: "qkv",
      ...hidden,
      ...kv,
      start: s.q_width + s.kv_width,
    }],
    ["o_proj", {
      module: "self_attn.o_proj",
      packed: "o",
      inputs: q,
      inputs_p: s.q_width,
      input_heads: heads,
      ...out,
    }],
    ["gate_proj", { module: "mlp.gate_proj", packed: "gate_up", ...hidden, ...mlp, start: 0 }],
    ["up_proj", { module: "mlp.up_proj", packed: "gate_up", ...hidden, ...mlp, start: s.mlp_p }],
    ["down_proj", {
      module: "mlp.down_proj",
      packed: "down",
      inputs: s.mlp,
      inputs_p: s.mlp_p,
      ...out,
    }],
  ]);
};

/** The adapter's parameters. Keys: `0.q_proj.A` (rank, in) and `0.q_proj.B` (out, rank). */
export const adapterLayout = (s: Sizes, rank: number, targets: readonly string[]): Layout => {
  const build = new LayoutBuilder();
  const known = loraTargets(s);
  for (let l = 0; l < s.layers; l++) {
    for (const [name, t] of known) {
      if (!targets.includes(name)) continue;
      const module = `base_model.model.model.layers.${l}.${t.module}`;
      build.add(`${l}.${name}.A`, pad4(rank), t.inputs_p, [{
        name: `${module}.lora_A.weight`,
        shape: [rank, t.inputs],
        row: 0,
        column: 0,
        ...(t.input_heads ? { column_heads: t.input_heads } : {}),
      }]);
      build.add(`${l}.${name}.B`, t.outputs_p, pad4(rank), [{
        name: `${module}.lora_B.weight`,
        shape: [t.outputs, rank],
        row: 0,
        column: 0,
        ...(t.output_heads ? { row_heads: t.output_heads } : {}),
      }]);
    }
  }
  return build;
};

/** A stretch of a tensor's rows that one binding holds. */
export interface RowRange {
  readonly row: number;
  readonly rows: number;
  /** First word in the array. */
  readonly start: number;
}

/** A tensor in shards of at most `shard_bytes`; each starts at a multiple of 64 words, as a binding must. */
export const shardsOf = (
  { start, rows, words }: PackedTensor,
  shard_bytes: number,
): readonly RowRange[] => {
  const most = Math.max(64, Math.floor(shard_bytes / 4 / words / 64) * 64);
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => ({
    row: i * most,
    rows: Math.min(most, rows - i * most),
    start: start + i * most * words,
  }));
};

class LayoutBuilder implements Layout {
  readonly tensors = new Map<string, PackedTensor>();
  words = 0;
  constructor(private readonly format: WeightFormat = "f32") {}
  add(
    key: string,
    rows: number,
    stride: number,
    parts: readonly Part[],
    format = rows === 1 ? "f32" : this.format,
  ): void {
    const words = weightWords(format, stride);
    this.tensors.set(key, { start: this.words, rows, stride, format, words, parts });
    this.words += Math.ceil(rows * words / 64) * 64;
  }
}

/** Every part with the tensor that holds it. */
export const partsOf = function* (layout: Layout): Generator<readonly [Part, PackedTensor]> {
  for (const tensor of layout.tensors.values()) {
    for (const part of tensor.parts) yield [part, tensor];
  }
};

/** Rows of a part in its file: a vector is one. */
export const fileRows = ({ shape }: Part): number => shape.length === 2 ? shape[0]! : 1;

/** Where a row of the file lies among the packed tensor's. */
export const packedRow = (part: Part, row: number): number => part.row + place(row, part.row_heads);

/** Writes rows `first`, ... of the file into packed rows, of which `into` holds those from `row0` on. */
export const packRows = (
  into: Float32Array,
  [part, tensor]: readonly [Part, PackedTensor],
  data: Float32Array,
  { first = 0, row0 = 0 } = {},
): void =>
  walk(part, tensor, data.length, first, row0, (file, packed, count) => {
    into.set(data.subarray(file, file + count), packed);
  });

/** Reads rows of the file from `first` on, into `data`, out of packed rows from `row0` on. */
export const unpackRows = (
  from: Float32Array,
  [part, tensor]: readonly [Part, PackedTensor],
  data: Float32Array,
  { first = 0, row0 = 0 } = {},
): void =>
  walk(part, tensor, data.length, first, row0, (file, packed, count) => {
    data.set(from.subarray(packed, packed + count), file);
  });

const place = (index: number, heads: Heads | undefined): number =>
  heads ? Math.floor(index / heads.size) * heads.stride + index % heads.size : index;

/** Calls `run` for each contiguous stretch: index in the file's rows, in the packed rows, numbers. */
const walk = (
  part: Part,
  { stride }: PackedTensor,
  length: number,
  first: number,
  row0: number,
  run: (file: number, packed: number, count: number) => void,
): void => {
  const columns = part.shape.at(-1)!;
  const stretch = part.column_heads?.size ?? columns;
  for (let r = 0; r < length / columns; r++) {
    const row = (packedRow(part, first + r) - row0) * stride;
    for (let c = 0; c < columns; c += stretch) {
      run(r * columns + c, row + part.column + place(c, part.column_heads), stretch);
    }
  }
};
