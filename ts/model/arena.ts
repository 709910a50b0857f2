/** One long array of 4-byte words, cut into buffers that every adapter grants. */
import { type Device, part, type Slice } from "../gpu/mod.ts";
import { type Layout, shardsOf } from "./layout.ts";
import type { ReadWords } from "./parameters.ts";

/** What WebGPU's default limits grant a buffer: cuts, like shards, must not depend on the adapter. */
const ARENA_BYTES = 2 ** 28;

/** Words of each buffer of an array laid out so; no shard of a tensor is cut. */
export const arenaCuts = (layout: Layout, shard_bytes: number): readonly number[] => {
  const cuts: number[] = [];
  let begin = 0;
  for (const tensor of layout.tensors.values()) {
    for (const { rows, start } of shardsOf(tensor, shard_bytes)) {
      if (4 * (start + rows * tensor.words - begin) <= ARENA_BYTES || start === begin) continue;
      cuts.push(start - begin);
      begin = start;
    }
  }
  return [...cuts, layout.words - begin];
};

export class Arena {
  /** First word of each buffer. */
  readonly starts: readonly number[];
  constructor(readonly buffers: readonly Slice[], cuts: readonly number[]) {
    let start = 0;
    this.starts = cuts.map((words) => (start += words) - words);
  }

  /** Words `start` to `start + words`, which lie in one buffer. */
  slice(start: number, words: number): Slice {
    const at = this.starts.findLastIndex((first) => first <= start);
    return part(this.buffers[at]!, start - this.starts[at]!, words);
  }

  /** Reads words out of a copy on the host, made with one wait a buffer. */
  async copied(device: Device): Promise<ReadWords> {
    const copies: Float32Array[] = [];
    for (const buffer of this.buffers) {
      const [bytes] = await device.read([buffer]);
      copies.push(new Float32Array(bytes!));
    }
    return (start, words) => {
      const at = this.starts.findLastIndex((first) => first <= start);
      return copies[at]!.subarray(start - this.starts[at]!, start - this.starts[at]! + words);
    };
  }

  copyTo(device: Device, other: Arena): void {
    this.buffers.forEach((buffer, i) => device.copy(buffer, other.buffers[i]!));
  }

  clear(device: Device): void {
    this.buffers.forEach((buffer) => device.clear(buffer));
  }
}
