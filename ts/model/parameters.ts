import { type Device, encodeWeights } from "../gpu/mod.ts";
import type { Arena } from "./arena.ts";
import { ModelError } from "./errors.ts";
import {
  fileRows,
  type Layout,
  packedRow,
  packRows,
  type Part,
  partsOf,
  shardsOf,
  unpackRows,
} from "./layout.ts";
import type { Writable } from "./safetensors.ts";

/** Numbers `from` to `end` of a tensor of the files. */
export type ReadTensor = (
  name: string,
  from: number,
  end: number,
) => Promise<Float32Array> | Float32Array;

/** Words of an arena in f32. */
export type ReadWords = (start: number, words: number) => Promise<Float32Array> | Float32Array;

export type Named = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** Fills an arena from files, a block of rows at a time: the host never holds the model. */
export const loadParameters = async (
  device: Device,
  arena: Arena,
  layout: Layout,
  shard_bytes: number,
  read: ReadTensor,
): Promise<void> => {
  for (const tensor of layout.tensors.values()) {
    const { stride, words, format } = tensor;
    const most = Math.max(1, Math.floor(BLOCK / stride));
    for (const shard of shardsOf(tensor, shard_bytes)) {
      for (let row = 0; row < shard.rows; row += most) {
        const rows = Math.min(most, shard.rows - row);
        const row0 = shard.row + row;
        const block = new Float32Array(rows * stride);
        for (const part of tensor.parts) {
          const [first, end] = fileRange(part, row0, rows);
          if (first === end) continue;
          const columns = part.shape.at(-1)!;
          const data = await read(part.name, first * columns, end * columns);
          if (format !== "f32") requireHalves(data, part.name, format);
          packRows(block, [part, tensor], data, { first, row0 });
        }
        const slice = arena.slice(shard.start + row * words, rows * words);
        device.write(slice, encodeWeights(format, block, stride));
      }
    }
  }
};

/** Every tensor of a layout in f32, by its name in the files. */
export const readParameters = async (
  layout: Layout,
  shard_bytes: number,
  read: ReadWords,
): Promise<Named> => {
  const named: Named = new Map();
  for (const [part, tensor] of partsOf(layout)) {
    const data = new Float32Array(part.shape.reduce((a, b) => a * b, 1));
    const columns = part.shape.at(-1)!;
    for (const { row: row0, rows, start } of shardsOf(tensor, shard_bytes)) {
      const [first, end] = fileRange(part, row0, rows);
      if (first === end) continue;
      // Only the rows of this part: others share the tensor.
      const [low, high] = [packedRow(part, first), packedRow(part, end - 1) + 1];
      const words = await read(start + (low - row0) * tensor.words, (high - low) * tensor.words);
      const into = data.subarray(first * columns, end * columns);
      unpackRows(words, [part, tensor], into, { first, row0: low });
    }
    named.set(part.name, { shape: part.shape, data });
  }
  return named;
};

/** Kaiming-uniform A as PEFT starts it (bound 1 / sqrt(inputs)), B zero; from a seeded generator. */
export const freshAdapter = (layout: Layout, seed: number): Named => {
  const named: Named = new Map();
  let state = seed >>> 0;
  const uniform = () => { // mulberry32, by Tommy Ettinger, public domain
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  for (const [{ name, shape }] of partsOf(layout)) {
    const data = new Float32Array(shape[0]! * shape[1]!);
    if (name.endsWith("lora_A.weight")) {
      const bound = 1 / Math.sqrt(shape[1]!);
      data.forEach((_, i) => data[i] = (2 * uniform() - 1) * bound);
    }
    named.set(name, { shape, data });
  }
  return named;
};

/**
 * Every tensor of the model's files, W + scale B A where an adapter (by PEFT's names) has one: in double
 * precision, rounded once, a block of rows at a time.
 */
export const mergedParameters = (
  layout: Layout,
  read: ReadTensor,
  adapter: Named,
  scale: number,
): Map<string, Writable> =>
  new Map([...partsOf(layout)].map(([part]) => {
    const half = (which: "A" | "B") =>
      adapter.get(`base_model.model.${part.name.replace(/weight$/, `lora_${which}.weight`)}`);
    return [part.name, {
      shape: part.shape,
      pieces: async function* () {
        const columns = part.shape.at(-1)!;
        const most = Math.max(1, Math.floor(BLOCK / columns));
        const [a, b] = [half("A"), half("B")];
        for (let first = 0; first < fileRows(part); first += most) {
          const end = Math.min(fileRows(part), first + most);
          const rows = await read(part.name, first * columns, end * columns);
          if (a && b) addProduct(rows, first, columns, a.data, b.data, scale);
          yield rows;
        }
      },
    }];
  }));

const addProduct = (
  rows: Float32Array,
  first: number,
  inputs: number,
  a: Float32Array,
  b: Float32Array,
  scale: number,
): void => {
  const rank = a.length / inputs;
  for (let o = 0; o < rows.length / inputs; o++) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += b[(first + o) * rank + r]! * a[r * inputs + i]!;
      rows[o * inputs + i] = rows[o * inputs + i]! + scale * sum;
    }
  }
};

/** Rows of the file that lie in packed rows `row0` to `row0 + rows`; they are neighbours. */
const fileRange = (part: Part, row0: number, rows: number): readonly [number, number] => {
  const from = (packed: number): number => {
    let [low, high] = [0, fileRows(part)];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (packedRow(part, middle) < packed) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return [from(row0), from(row0 + rows)];
};

/** The largest half is 65,504; a weight beyond it would become infinite. */
const requireHalves = (data: Float32Array, name: string, format: string): void => {
  const large = data.find((x) => Math.abs(x) >= 65520);
  if (large === undefined) return;
  const message = `holds ${large}, which ${format} cannot: open the engine with weights: "f32"`;
  throw new ModelError("tensor-dtype", name, message);
};

/** Numbers read at once: 16 MiB of them. */
const BLOCK = 2 ** 22;
