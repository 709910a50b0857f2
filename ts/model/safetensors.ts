import { open, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { ModelError } from "./errors.ts";

/** Number formats that are read; each is widened exactly to 32-bit floats. */
export type Dtype = "F32" | "F16" | "BF16";

/** A tensor that stays on disk until it is read. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  /** The elements in row-major order, all or from `from` to before `end`. */
  readonly read: (from?: number, end?: number) => Promise<Float32Array<ArrayBuffer>>;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const dtypeBytes: Readonly<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2 };
const maxHeaderBytes = 100_000_000;

/**
 * Opens a safetensors file: 8 bytes of little-endian header length, a JSON header, raw data
 * (https://github.com/huggingface/safetensors, "Format"). Reads the header only; it must describe
 * the file's data completely, without overlaps or gaps.
 */
export const readSafetensors = async (file: string): Promise<Safetensors> => {
  const handle = await open(file, "r").catch((cause) => {
    throw new ModelError("model-missing", file, `cannot be opened (${cause.code ?? cause})`);
  });
  try {
    const { size } = await handle.stat();
    const prefix = await readRange(handle, file, 0, 8, size);
    const headerBytes = Number(new DataView(prefix.buffer).getBigUint64(0, true));
    if (headerBytes > maxHeaderBytes) {
      throw new ModelError(
        "safetensors-malformed",
        file,
        `header of ${headerBytes} bytes is too long`,
      );
    }
    const header = await readRange(handle, file, 8, headerBytes, size);
    return parseHeader(header, file, 8 + headerBytes, size);
  } finally {
    await handle.close();
  }
};

/** A tensor to be written: all of it, or piece by piece in row-major order, made when it is its turn. */
export type Writable =
  & { readonly shape: readonly number[] }
  & (
    | { readonly data: Float32Array }
    | { readonly pieces: () => Iterable<Float32Array> | AsyncIterable<Float32Array> }
  );

/** Writes `tensors` as F32 beside the file, syncs, and renames: a reader sees the old file or the new one. */
export const writeSafetensors = async (
  file: string,
  tensors: ReadonlyMap<string, Writable>,
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Promise<void> => {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const names = [...tensors.keys()].sort();
  let offset = 0;
  for (const name of names) {
    const { shape } = tensors.get(name)!;
    header[name] = {
      dtype: "F32",
      shape,
      data_offsets: [offset, offset += 4 * elements(shape)],
    };
  }
  // The data starts at a multiple of 8, as the format's own writer has it: spaces fill the header.
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json.padEnd(json.length + (8 - byteLength(json) % 8) % 8));
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(text.length), true);

  const beside = `${file}.writing`;
  const handle = await open(beside, "w");
  try {
    await handle.writeFile(prefix);
    await handle.writeFile(text);
    for (const name of names) {
      const tensor = tensors.get(name)!;
      let written = 0;
      for await (const data of "data" in tensor ? [tensor.data] : tensor.pieces()) {
        await handle.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        written += data.length;
      }
      if (written !== elements(tensor.shape)) {
        const message = `${name}: ${written} elements for [${tensor.shape}]`;
        throw new ModelError("tensor-shape", file, message);
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
};

const parseHeader = (
  bytes: Uint8Array<ArrayBuffer>,
  file: string,
  dataStart: number,
  size: number,
): Safetensors => {
  const fail = (message: string): never => {
    throw new ModelError("safetensors-malformed", file, message);
  };
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    return fail(`the header is not JSON (${(cause as Error).message})`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return fail("the header is not a JSON object");
  }
  const tensors = new Map<string, StoredTensor>();
  const ranges: [start: number, end: number, name: string][] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, entry] of Object.entries(json)) {
    if (name === "__metadata__") {
      metadata = entry as Record<string, string>;
      continue;
    }
    const { dtype, shape, data_offsets } = (entry ?? {}) as Record<string, unknown>;
    if (!isShape(shape)) return fail(`${name}: "shape" must be a list of sizes`);
    if (!isShape(data_offsets) || data_offsets.length !== 2) {
      return fail(`${name}: "data_offsets" must be [start, end]`);
    }
    if (typeof dtype !== "string" || !(dtype in dtypeBytes)) {
      throw new ModelError(
        "tensor-dtype",
        file,
        `${name}: dtype ${JSON.stringify(dtype)} is not supported; expected F32, F16 or BF16`,
      );
    }
    const known = dtype as Dtype;
    const [start, end] = data_offsets as [number, number];
    if (end - start !== elements(shape) * dtypeBytes[known]) {
      return fail(`${name}: ${end - start} bytes for [${shape}] of ${dtype}`);
    }
    if (dataStart + end > size) {
      throw new ModelError(
        "safetensors-truncated",
        file,
        `${name} ends at byte ${dataStart + end}, the file at ${size}: it is truncated`,
      );
    }
    ranges.push([start, end, name]);
    tensors.set(name, {
      shape,
      dtype: known,
      read: (first = 0, last = elements(shape)) => {
        const width = dtypeBytes[known];
        const offset = dataStart + start + first * width;
        return readTensor(file, offset, (last - first) * width, known, size);
      },
    });
  }
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let at = 0;
  for (const [start, end, name] of ranges) {
    if (start !== at) return fail(`${name} starts at byte ${start} of the data; expected ${at}`);
    at = end;
  }
  if (dataStart + at !== size) {
    return fail(`the data ends at byte ${dataStart + at}, the file at ${size}`);
  }
  return { tensors, metadata };
};

const readTensor = async (
  file: string,
  offset: number,
  bytes: number,
  dtype: Dtype,
  size: number,
): Promise<Float32Array<ArrayBuffer>> => {
  const handle = await open(file, "r");
  try {
    const raw = await readRange(handle, file, offset, bytes, size);
    return widen(raw, dtype);
  } finally {
    await handle.close();
  }
};

const readRange = async (
  handle: FileHandle,
  file: string,
  offset: number,
  bytes: number,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  if (offset + bytes > size) {
    throw new ModelError(
      "safetensors-truncated",
      file,
      `${bytes} bytes at ${offset} are needed, the file has ${size}: it is truncated`,
    );
  }
  const buffer = new Uint8Array(bytes);
  let got = 0;
  while (got < bytes) {
    const { bytesRead } = await handle.read(buffer, got, bytes - got, offset + got);
    if (bytesRead === 0) {
      throw new ModelError("safetensors-truncated", file, `ended early at byte ${offset + got}`);
    }
    got += bytesRead;
  }
  return buffer;
};

/** F16 and BF16 are subsets of F32: widening is exact. */
export const widen = (raw: Uint8Array<ArrayBuffer>, dtype: Dtype): Float32Array<ArrayBuffer> => {
  if (dtype === "F32") return new Float32Array(raw.buffer, raw.byteOffset, raw.byteLength / 4);
  const halves = new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2);
  const out = new Float32Array(halves.length);
  if (dtype === "BF16") {
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
    return out;
  }
  for (let i = 0; i < halves.length; i++) {
    const h = halves[i]!;
    const sign = h & 0x8000 ? -1 : 1;
    const exponent = (h >> 10) & 31;
    const fraction = h & 1023;
    out[i] = exponent === 31
      ? (fraction === 0 ? sign * Infinity : NaN)
      : exponent === 0
      ? sign * fraction * 2 ** -24
      : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return out;
};

const isShape = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const byteLength = (text: string): number => new TextEncoder().encode(text).length;
