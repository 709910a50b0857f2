/** How a kernel is tried: run on the GPU against its CPU twin, and again with faults planted in it. */
import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import { Device, type Dispatch } from "../device.ts";
import { type Kernel, LANES, type Lanes, NO_PASS, type Pass } from "../kernel.ts";
import { hasSubgroupsOf8, openDevice } from "../lanes.ts";
import { requestGpu } from "../provider.ts";

/** One run of a kernel: every buffer before, and what some of them must hold after. */
export interface Trial {
  readonly label: string;
  readonly kernel: Kernel;
  readonly buffers: Readonly<Record<string, Float32Array | Uint32Array>>;
  readonly shape: Readonly<Record<string, number>>;
  readonly pass: Partial<Pass>;
  readonly groups: (lanes: Lanes) => Dispatch["groups"];
  readonly expected: Readonly<Record<string, ArrayLike<number>>>;
  /** Allowed max |a - b| / max |b|; 1e-5 unless told. Integers must be equal. */
  readonly tolerance?: number;
}

/** A fault: the text that is replaced (first occurrence) and what stands there instead. */
export type Fault = readonly [find: string, put: string];

export const SIZES = [1, 3, 65, 127] as const;

/**
 * Registers the tests of a kernel: its trials agree with the twin in every way of sharing loads, to the
 * same bit, and with each fault at least one trial disagrees.
 */
export const tryKernel = (
  name: string,
  trials: readonly Trial[],
  faults: readonly Fault[],
): void => {
  const options = { sanitizeOps: false, sanitizeResources: false };
  const ways = LANES.filter((lanes) =>
    lanes !== "workgroup" || trials.some(({ kernel }) => kernel.code(lanes) !== kernel.code("load"))
  );
  for (const lanes of ways) {
    Deno.test(`${name} meets its twin (${lanes})`, options, async () => {
      const device = await open(lanes);
      for (const trial of trials) {
        const error = await deviation(device, trial);
        assert.ok(error <= allowed(trial), `${trial.label}: relative error ${error}`);
      }
    });
  }
  for (const lanes of ways.slice(1)) {
    Deno.test(`${name} gives the same bits (${lanes})`, options, async () => {
      await same(trials, await open("load"), await open(lanes));
    });
  }
  Deno.test(`${name} gives the same bits under Dawn`, { ...options, ignore: !dawn }, async () => {
    devices.dawn ??= openDevice("dawn");
    await same(trials, await open("broadcast"), await devices.dawn);
  });
  for (const [find, put] of faults) {
    Deno.test(`${name} with ${find} -> ${put} is caught`, options, async () => {
      let caught = false;
      for (const trial of trials) {
        const way = ways.find((lanes) => trial.kernel.code(lanes).includes(find));
        if (way === undefined) continue;
        const device = await open(way);
        const broken = { ...trial, kernel: plant(trial.kernel, [find, put]) };
        caught ||= !(await deviation(device, broken) <= allowed(trial));
        if (caught) break;
      }
      assert.ok(caught, "no trial noticed the fault");
    });
  }
};

/** Dawn is an optional package, and needs a driver of its own choice. */
const dawn = await requestGpu("dawn").then(({ device }) => (device.destroy(), true), (error) => {
  console.warn(`SKIPPED: kernels under Dawn: ${error.message}`);
  return false;
});

const allowed = ({ tolerance = 1e-5 }: Trial): number => tolerance;

const plant = (kernel: Kernel, [find, put]: Fault): Kernel => ({
  ...kernel,
  name: `${kernel.name} with ${find} -> ${put}`,
  code: (lanes) => kernel.code(lanes).replace(find, () => put),
});

/** Subgroups of 8 are not everywhere: then `broadcast` is tried as `load`. */
const open = async (lanes: Lanes): Promise<Device> => {
  const subgroups = devices.subgroups ??= await subgroupsOf8();
  const way = lanes === "broadcast" && !subgroups ? "load" : lanes;
  return devices[way] ??= new Device(await requestGpu(), way);
};

const subgroupsOf8 = async (): Promise<boolean> => {
  const device = new Device(await requestGpu(), "broadcast");
  const has = await hasSubgroupsOf8(device);
  device.close();
  return has;
};

const devices: { [way in Lanes]?: Device } & { subgroups?: boolean; dawn?: Promise<Device> } = {};

const same = async (trials: readonly Trial[], one: Device, other: Device): Promise<void> => {
  for (const trial of trials) {
    const [ours, theirs] = [await run(one, trial), await run(other, trial)];
    ours.forEach((bytes, i) => {
      const equal = Buffer.compare(new Uint8Array(bytes), new Uint8Array(theirs[i]!)) === 0;
      assert.ok(equal, `${trial.label}: ${Object.keys(trial.expected)[i]} differs`);
    });
  }
};

/** What a trial leaves in the buffers that it names. */
const run = async (device: Device, t: Trial): Promise<ArrayBuffer[]> => {
  const slices = Object.fromEntries(
    Object.entries(t.buffers).map(([name, data]) => {
      const slice = device.buffer(name, data.length);
      device.write(slice, data);
      return [name, slice];
    }),
  );
  const pass = { ...NO_PASS, ...t.pass };
  device.submit(pass, [[device.dispatch(t.kernel, slices, t.shape, t.groups(device.lanes))]]);
  const read = await device.read(Object.keys(t.expected).map((name) => slices[name]!));
  for (const { buffer } of Object.values(slices)) buffer.destroy();
  return read;
};

const deviation = async (device: Device, t: Trial): Promise<number> => {
  const read = await run(device, t);
  return Math.max(
    ...Object.keys(t.expected).map((name, i) => {
      const want = t.expected[name]!;
      if (t.buffers[name] instanceof Uint32Array) {
        const got = new Uint32Array(read[i]!);
        return Array.from(want).every((x, k) => x === got[k]) ? 0 : Infinity;
      }
      return relativeError(new Float32Array(read[i]!), want);
    }),
  );
};

const relativeError = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    if (Number.isNaN(a[i])) return Infinity;
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    size = Math.max(size, Math.abs(b[i]!));
  }
  return size === 0 ? difference : difference / size;
};

/** Numbers between -1 and 1 without a pattern, the same for the same seed. */
export const numbers = (count: number, seed: number): Float64Array => {
  let state = (seed * 0x9e3779b9) >>> 0;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(state / 2 ** 31 - 1);
  });
};

/** Rows of `width` laid out `stride` apart, `start` in; `rest` everywhere else. */
export const laidOut = (
  data: ArrayLike<number>,
  width: number,
  stride: number,
  start = 0,
  rest = 0,
): Float32Array => {
  const rows = data.length / width;
  const out = new Float32Array(rows * stride).fill(rest);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < width; i++) out[r * stride + start + i] = data[r * width + i]!;
  }
  return out;
};

/** `data` and then `count` numbers more: a write or a read past the end must show, not be clamped away. */
export const withSpare = (data: Float32Array, count: number, value = 7): Float32Array => {
  const out = new Float32Array(data.length + count).fill(value);
  out.set(data);
  return out;
};

export const pad4 = (count: number): number => Math.ceil(count / 4) * 4;
