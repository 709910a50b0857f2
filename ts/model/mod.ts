/** Decoders: weights in and out, log-probs, gradients, updates, generation; the GPU stays behind. */
export {
  type AdapterConfig,
  type AdapterFolder,
  loraModules,
  openAdapterFolder,
  saveAdapterFolder,
} from "./adapter.ts";
export { type ModelConfig, parseModelConfig, type RopeConfig } from "./config.ts";
export type {
  Completion,
  Engine,
  EngineOptions,
  FreshLora,
  GenerateRequest,
  NewTokens,
  TrainingState,
  UpdateOptions,
} from "./engine.ts";
export { ModelError, type ModelErrorCode } from "./errors.ts";
export { type ModelFolder, openModelFolder, readModelConfig, saveModelFolder } from "./folder.ts";
export { type Fit, fitTable } from "./fit.ts";
export { findModel, type HubOptions } from "./hub.ts";
export { initModelFolder, type ModelShape } from "./init.ts";
export { type MemoryPlan, planMemory } from "./memory.ts";
export { openEngine } from "./open.ts";
export { measureSpeed, type Speed, type SpeedOptions } from "./speed.ts";
export { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";
export {
  DeviceError,
  type DeviceErrorCode,
  type DeviceInfo,
  measurePeak,
  openDevice,
  type Peak,
} from "../gpu/mod.ts";

/** Token sequences travel as rows. */
export interface Row {
  readonly ids: Uint32Array;
}
