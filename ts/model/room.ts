import { freemem } from "node:os";
import { type Device, DeviceError } from "../gpu/mod.ts";
import { type BufferPlan, type MemoryPlan, type PlanOptions, savings } from "./memory.ts";

/** Refuses, with the number that does not fit. */
export const requireRoom = (
  device: Device,
  memory: MemoryPlan,
  buffers: BufferPlan,
  plan: PlanOptions,
): void => {
  const { binding_bytes, buffer_bytes } = device.info.limits;
  const { name, bytes } = memory.largest;
  // WebGPU does not tell how much memory there is; a CPU that acts as a GPU uses the host's.
  if (device.info.fallback && memory.total_bytes > freemem()) {
    throw new DeviceError(
      "out-of-memory",
      `the plan needs ${memory.total_bytes} bytes, of which ${freemem()} are free: try ` +
        savings(memory, plan),
    );
  }
  if (bytes > binding_bytes) {
    throw new DeviceError(
      "out-of-memory",
      `${name} needs a binding of ${bytes} bytes, ${device.info.name} grants ${binding_bytes}: ` +
        "lower tokens_per_pass, slots or context",
    );
  }
  for (const [label, words] of buffers) {
    if (4 * words > buffer_bytes) {
      throw new DeviceError(
        "out-of-memory",
        `${label} needs ${4 * words} bytes, ${device.info.name} grants ${buffer_bytes} a buffer`,
      );
    }
  }
};
