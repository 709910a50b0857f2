import { Device } from "./device.ts";
import { NO_PASS } from "./kernel.ts";
import { matmulNT, matmulNTGroups } from "./kernels/matmul_nt.ts";
import type { Provider } from "./provider.ts";

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
export const measurePeak = async (provider: Provider): Promise<Peak> => {
  const device = await Device.open(provider);
  try {
    const [rows, columns, depth] = [512, 512, 512];
    const floats = 2 ** 22;
    const x = device.buffer("x", rows * depth);
    const w = device.buffer("w", columns * depth);
    const y = device.buffer("y", rows * columns);
    const [from, to] = [device.buffer("from", floats), device.buffer("to", floats)];
    const word = { ...y, size: 16 };
    const product = device.dispatch(matmulNT(), { x, w, a: w, y }, {
      row0: 0,
      rows_max: rows,
      columns,
      depth4: depth / 4,
      x_start4: 0,
      x_stride4: depth / 4,
      w_stride: depth / 4,
      y_start: 0,
      y_stride: columns,
      a_stride: 0,
      mode: 0,
      alpha: 1,
    }, matmulNTGroups(device.lanes, columns, 0, rows));
    const pass = { ...NO_PASS, rows };
    const wait = async (submit: () => void): Promise<number> => {
      const start = performance.now();
      submit();
      await device.read([word]);
      return performance.now() - start;
    };
    await wait(() => device.submit(pass, [[product]])); // compiles
    const waits = [];
    for (let i = 0; i < 5; i++) waits.push(await wait(() => {}));
    const wait_ms = Math.min(...waits);
    const products = await rate(
      wait,
      wait_ms,
      (count) => device.submit(pass, [Array(count).fill(product)]),
    );
    const copies = await rate(wait, wait_ms, (count) => {
      for (let i = 0; i < count; i++) device.copy(from, to);
    });
    return {
      matmul_gflop_per_s: 2e-6 * rows * columns * depth * products,
      copy_gbyte_per_s: 8e-6 * floats * copies,
      wait_ms,
      lanes: device.lanes,
    };
  } finally {
    device.close();
  }
};

/** Times a millisecond, by doubling the count until the work takes long enough beside the wait. */
const rate = async (
  wait: (submit: () => void) => Promise<number>,
  wait_ms: number,
  submit: (count: number) => void,
): Promise<number> => {
  for (let count = 1;; count *= 2) {
    const ms = await wait(() => submit(count)) - wait_ms;
    if (ms > 100 + 4 * wait_ms || count >= 2 ** 14) return count / ms;
  }
};
