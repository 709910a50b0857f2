import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { cacheFolder } from "./cache.ts";
import { Device } from "./device.ts";
import { DeviceError } from "./errors.ts";
import { type Kernel, LANES, type Lanes, moduleText, NO_PASS } from "./kernel.ts";
import { matmulNT } from "./kernels/matmul_nt.ts";
import { measureMatmul } from "./probe.ts";
import { type Gpu, type Provider, requestGpu } from "./provider.ts";

/**
 * The best adapter of this machine, its kernels sharing loads in the way that is fastest on it. That is
 * measured at the first start, which takes about two seconds, and kept in `devices.json` of the cache
 * until the adapter, its features or the product's kernel change.
 *
 * @throws DeviceError
 */
export const openDevice = async (provider: Provider = "native"): Promise<Device> => {
  const gpu = await requestGpu(provider);
  const folder = cacheFolder();
  const file = join(folder, "devices.json");
  const key = keyOf(gpu);
  const known = (await read(file))[key];
  if (known !== undefined && LANES.includes(known)) return new Device(gpu, known);
  const lanes = await fastest(provider);
  try {
    await mkdir(folder, { recursive: true });
    const part = `${file}.${process.pid}`;
    // Read again: another process may have learned of its own adapter meanwhile.
    await writeFile(part, JSON.stringify({ ...await read(file), [key]: lanes }, null, 2) + "\n");
    await rename(part, file);
  } catch {
    // No cache can be kept here: it is measured again next time.
  }
  return new Device(gpu, lanes);
};

const read = async (file: string): Promise<Record<string, Lanes>> => {
  try {
    const kept = JSON.parse(await readFile(file, "utf8"));
    return kept !== null && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
};

const keyOf = ({ info, compiler }: Gpu): string => {
  const hash = createHash("sha256").update(info.features.join());
  for (const lanes of LANES) hash.update(moduleText(matmulNT(), lanes, compiler));
  return `${info.name}, ${info.provider}, ${hash.digest("hex").slice(0, 16)}`;
};

/**
 * The way with the fastest product of those that give the bits that `load` gives: a driver may not have
 * what a way needs, or have it wrong.
 */
const fastest = async (provider: Provider): Promise<Lanes> => {
  const best = { lanes: "load" as Lanes, gflop_per_s: 0 };
  let bits: Uint32Array | undefined;
  for (const lanes of LANES) {
    const device = new Device(await requestGpu(provider), lanes);
    try {
      if (lanes === "broadcast" && !await hasSubgroupsOf8(device)) continue;
      const measured = await measureMatmul(device);
      bits ??= measured.bits;
      if (measured.bits.some((word, i) => word !== bits![i])) continue;
      if (measured.gflop_per_s > best.gflop_per_s) Object.assign(best, measured, { lanes });
    } catch (error) {
      if (!(error instanceof DeviceError) || lanes === "load") throw error;
    } finally {
      device.close();
    }
  }
  return best.lanes;
};

/** Tries whether subgroups are 8 wide and lie along the invocation index. */
export const hasSubgroupsOf8 = async (device: Device): Promise<boolean> => {
  if (!device.gpu.features.has("subgroups" as GPUFeatureName)) return false;
  const seen = device.buffer("seen", 32);
  device.submit(NO_PASS, [[device.dispatch(SUBGROUPS, { seen }, {}, () => [1])]]);
  const [bytes] = await device.read([seen]);
  return new Uint32Array(bytes!).every((word, i) => word === (i & ~7) + 5 + 8 * 256);
};

const SUBGROUPS = {
  name: "subgroups",
  buffers: { seen: "write u32" },
  shape: {},
  code: () => `
@compute @workgroup_size(32)
fn main(@builtin(local_invocation_index) index: u32, @builtin(subgroup_size) size: u32) {
  seen[index] = subgroupBroadcast(index, 5u) + size * 256u;
}`,
} as const satisfies Kernel;
