import type { StoredTensor } from "./safetensors.ts";
import { type Layout, pack, partsOf, unpack } from "./layout.ts";

/** Reads every tensor of a layout from files into the flat array that the GPU holds. */
export const readParameters = async (
  layout: Layout,
  tensors: ReadonlyMap<string, StoredTensor>,
): Promise<Float32Array> => {
  const flat = new Float32Array(layout.floats);
  for (const place of partsOf(layout)) pack(flat, place, await tensors.get(place[0].name)!.read());
  return flat;
};

/** Takes a flat array apart into the tensors of the files. */
export const namedParameters = (
  layout: Layout,
  flat: Float32Array,
): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }> =>
  new Map([...partsOf(layout)].map((place) => [
    place[0].name,
    { shape: place[0].shape, data: unpack(flat, place) },
  ]));

/** Kaiming-uniform A as PEFT starts it (bound 1 / sqrt(inputs)), B zero; from a seeded generator. */
export const freshAdapter = (layout: Layout, seed: number): Float32Array => {
  const flat = new Float32Array(layout.floats);
  let state = seed >>> 0;
  const uniform = () => { // mulberry32, by Tommy Ettinger, public domain
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  for (const place of partsOf(layout)) {
    const [{ name, shape }] = place;
    if (!name.endsWith("lora_A.weight")) continue;
    const bound = 1 / Math.sqrt(shape[1]!);
    const data = Float32Array.from(
      { length: shape[0]! * shape[1]! },
      () => (2 * uniform() - 1) * bound,
    );
    pack(flat, place, data);
  }
  return flat;
};

/** W + scale B A for every adapted matrix (PEFT's merge), in double precision, rounded once. */
export const mergeAdapter = (
  model: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  adapter: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  scale: number,
): void => {
  for (const [name, a] of adapter) {
    if (!name.endsWith("lora_A.weight")) continue;
    const b = adapter.get(name.replace("lora_A", "lora_B"))!;
    const base = name.replace(/^base_model\.model\./, "").replace(".lora_A.weight", ".weight");
    const { data } = model.get(base)!;
    const [rank, inputs] = a.shape as [number, number];
    for (let o = 0; o < b.shape[0]!; o++) {
      for (let i = 0; i < inputs; i++) {
        let sum = 0;
        for (let r = 0; r < rank; r++) sum += b.data[o * rank + r]! * a.data[r * inputs + i]!;
        data[o * inputs + i] = data[o * inputs + i]! + scale * sum;
      }
    }
  }
};
