import type { Device, Slice } from "./device.ts";
import { NO_PASS } from "./kernel.ts";
import { matmulNT, matmulNTGroups } from "./kernels/matmul_nt.ts";

/** What an adapter does by a short measurement. */
export interface Peak {
  /** Of the engine's own matrix product of f32, 2 operations a multiply-add. */
  readonly matmul_gflop_per_s: number;
  /** Read and written by a copy of a buffer. */
  readonly copy_gbyte_per_s: number;
  /** From a submit to its result on the host, however little that is. */
  readonly wait_ms: number;
  readonly lanes: Device["lanes"];
}

/** Takes about a second on a CPU, less on a GPU. */
export const measurePeak = async (device: Device): Promise<Peak> => {
  const floats = 2 ** 22;
  const [from, to] = [device.buffer("from", floats), device.buffer("to", floats)];
  const copies = await rate(device, to, (count) => {
    for (let i = 0; i < count; i++) device.copy(from, to);
  });
  const { gflop_per_s } = await measureMatmul(device);
  const waits = [];
  for (let i = 0; i < 5; i++) waits.push(await wait(device, to, () => {}));
  for (const { buffer } of [from, to]) buffer.destroy();
  return {
    matmul_gflop_per_s: gflop_per_s,
    copy_gbyte_per_s: 8e-6 * floats * copies,
    wait_ms: Math.min(...waits),
    lanes: device.lanes,
  };
};

/** The product of two matrices of 512 x 512, Y = X W^T: how fast it is, and its bits. */
export const measureMatmul = async (device: Device) => {
  const size = 512;
  const numbers = (seed: number) =>
    Float32Array.from({ length: size * size }, (_, i) => Math.sin(seed + i));
  const [x, w, y] = ["x", "w", "y"].map((name) => device.buffer(name, size * size)) as [
    Slice,
    Slice,
    Slice,
  ];
  device.write(x, numbers(1));
  device.write(w, numbers(2));
  const product = device.dispatch(matmulNT(), { x, w, a: w, y }, {
    row0: 0,
    rows_max: size,
    columns: size,
    depth4: size / 4,
    x_start4: 0,
    x_stride4: size / 4,
    w_stride: size / 4,
    y_start: 0,
    y_stride: size,
    a_stride: 0,
    mode: 0,
    alpha: 1,
  }, matmulNTGroups(device.lanes, size, 0, size));
  const pass = { ...NO_PASS, rows: size };
  device.submit(pass, [[product]]); // compiles
  const [bits] = await device.read([y]);
  const products = await rate(
    device,
    y,
    (count) => device.submit(pass, [Array(count).fill(product)]),
  );
  for (const { buffer } of [x, w, y]) buffer.destroy();
  return { gflop_per_s: 2e-6 * size ** 3 * products, bits: new Uint32Array(bits!) };
};

/** Milliseconds until what was submitted has run, as a read of `word` shows. */
const wait = async (device: Device, word: Slice, submit: () => void): Promise<number> => {
  const start = performance.now();
  submit();
  await device.read([{ ...word, size: 16 }]);
  return performance.now() - start;
};

/** Times a millisecond, by doubling the count until the work takes long enough beside the wait. */
const rate = async (
  device: Device,
  word: Slice,
  submit: (count: number) => void,
): Promise<number> => {
  const wait_ms = await wait(device, word, () => {});
  for (let count = 1;; count *= 2) {
    const ms = await wait(device, word, () => submit(count)) - wait_ms;
    if (ms > 100 + 4 * wait_ms || count >= 2 ** 14) return count / ms;
  }
};
