import process from "node:process";
import { DeviceError } from "./errors.ts";

/** What is known of the device that computes. */
export interface DeviceInfo {
  readonly name: string;
  readonly vendor: string;
  readonly provider: Provider;
  /** A CPU pretends to be a GPU (lavapipe, llvmpipe, SwiftShader): right answers, slow. */
  readonly fallback: boolean;
  /** Set when the driver found is known to be the wrong one: what it is and what to install. */
  readonly warning?: string;
  readonly limits: {
    readonly buffer_bytes: number;
    readonly binding_bytes: number;
    readonly workgroup_bytes: number;
  };
  readonly features: readonly string[];
}

/**
 * `native`: the runtime's own `navigator.gpu`; where it has none, as Node and Bun, Dawn. `dawn`: npm
 * `webgpu`, if it is installed.
 */
export type Provider = "native" | "dawn";

export interface Gpu {
  readonly device: GPUDevice;
  readonly info: DeviceInfo;
  /** Which compiler reads the WGSL; they differ in a few lines (`enable subgroups;`). */
  readonly compiler: "naga" | "tint";
}

/**
 * The best adapter of this machine with the largest limits it grants.
 *
 * @throws DeviceError `no-adapter` (names the packages to install) or `provider-missing`.
 */
export const requestGpu = async (provider: Provider = "native"): Promise<Gpu> => {
  const own = provider === "native" ? globalThis.navigator?.gpu : undefined;
  const gpu = own ?? await loadDawn();
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new DeviceError("no-adapter", NO_ADAPTER);
  const device = await requestDevice(adapter);
  const compiler = own && "Deno" in globalThis ? "naga" : "tint";
  return { device, info: describe(adapter, device, own ? "native" : "dawn"), compiler };
};

const NO_ADAPTER = "no WebGPU adapter on this machine: install the graphics driver, or for a " +
  "machine without a GPU `mesa-vulkan-drivers` and `libvulkan1` (Mesa's lavapipe, 25 or later)";

/** Dawn works only as long as the object that `create` gave is referenced, so it is kept. */
let dawnGpu: GPU | undefined;

const loadDawn = async (): Promise<GPU> => {
  if (dawnGpu) return dawnGpu;
  const name = "webgpu"; // a variable: the package is optional, so nothing may resolve it early
  try {
    const dawn = await import(name);
    Object.assign(globalThis, dawn.globals);
    return dawnGpu = dawn.create([]) as GPU;
  } catch (cause) {
    throw new DeviceError(
      "provider-missing",
      `provider "dawn" needs the npm package "webgpu" (0.6 or later), which did not load: ${cause}`,
    );
  }
};

const requestDevice = async (adapter: GPUAdapter): Promise<GPUDevice> => {
  const { limits } = adapter;
  const requiredLimits = {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
  };
  // Deno hides `subgroups` from `adapter.features` and yet grants it by name: ask, then do without.
  for (const requiredFeatures of [["subgroups"], []] as GPUFeatureName[][]) {
    try {
      return await adapter.requestDevice({ requiredFeatures, requiredLimits });
    } catch (cause) {
      if (requiredFeatures.length === 0) {
        throw new DeviceError("no-adapter", `the adapter gave no device: ${cause}`);
      }
    }
  }
  throw new DeviceError("no-adapter", NO_ADAPTER);
};

const describe = (adapter: GPUAdapter, device: GPUDevice, provider: Provider): DeviceInfo => {
  const { info } = adapter;
  const name = info.description || info.device || "unknown adapter";
  const software = /llvmpipe|lavapipe|swiftshader|software|WARP/i.test(name);
  const fallback = software ||
    (info as unknown as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;
  // lavapipe's Vulkan driver has subgroups; the OpenGL llvmpipe that Deno falls back to has not.
  const opengl = fallback && provider === "native" && !device.features.has("subgroups" as never) &&
    process.env["DENO_WEBGPU_BACKEND"] !== "vulkan";
  return {
    name,
    vendor: info.vendor,
    provider,
    fallback,
    ...(opengl
      ? {
        warning: "no Vulkan driver was found and the runtime fell back to OpenGL, which is far " +
          "slower: install `mesa-vulkan-drivers` and `libvulkan1`",
      }
      : {}),
    limits: {
      buffer_bytes: Number(device.limits.maxBufferSize),
      binding_bytes: Number(device.limits.maxStorageBufferBindingSize),
      workgroup_bytes: device.limits.maxComputeWorkgroupStorageSize,
    },
    features: [...device.features].sort(),
  };
};
