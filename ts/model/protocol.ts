/** Messages between the door (`openEngine`) and the Worker that holds the engine. */
import { DeviceError, type DeviceErrorCode, type DeviceInfo } from "../gpu/mod.ts";
import type { ModelConfig } from "./config.ts";
import type { EngineOptions, NewTokens } from "./engine.ts";
import { ModelError, type ModelErrorCode } from "./errors.ts";
import type { MemoryPlan } from "./memory.ts";

/** Calls that the Worker answers; arguments and results are plain data. */
export type Method =
  | "logProbs"
  | "states"
  | "accumulate"
  | "foldGradient"
  | "update"
  | "unsound"
  | "generate"
  | "snapshotReference"
  | "saveModel"
  | "saveAdapter"
  | "exportState"
  | "importState"
  | "close";

export type Request =
  | { readonly id: number; readonly method: "open"; readonly options: EngineOptions }
  | {
    readonly id: number;
    readonly method: Method;
    readonly args: readonly unknown[];
    /** `generate`: tell tokens as they come. */
    readonly stream?: boolean;
  };

/** To the Worker: a call, or that who made the call of that `id` no longer waits for it. */
export type Message = Request | { readonly id: number; readonly method: "abort" };

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorData }
  | { readonly id: number; readonly progress: number }
  | { readonly id: number; readonly news: readonly NewTokens[] };

/** What `open` answers. */
export interface Opened {
  readonly device: DeviceInfo;
  readonly config: ModelConfig;
  readonly memory: MemoryPlan;
}

/** An error as data: classes do not cross a Worker's border. */
export interface ErrorData {
  readonly name: string;
  readonly code: string;
  readonly place: string;
  readonly message: string;
}

export const errorData = (error: unknown): ErrorData => {
  if (error instanceof ModelError) {
    const message = error.message.slice(error.file.length + 2);
    return { name: error.name, code: error.code, place: error.file, message };
  }
  if (error instanceof DeviceError) {
    return { name: error.name, code: error.code, place: "", message: error.message };
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, code: "", place: "", message };
};

export const errorOf = ({ name, code, place, message }: ErrorData): Error => {
  if (name === "ModelError") return new ModelError(code as ModelErrorCode, place, message);
  if (name === "DeviceError") return new DeviceError(code as DeviceErrorCode, message);
  return Object.assign(new Error(message), { name });
};

/** Buffers of a result that may be moved instead of copied. */
export const transferables = (value: unknown): ArrayBuffer[] => {
  const found = new Set<ArrayBuffer>();
  const visit = (v: unknown): void => {
    if (ArrayBuffer.isView(v)) found.add(v.buffer as ArrayBuffer);
    else if (v instanceof Map) v.forEach(visit);
    else if (Array.isArray(v)) v.forEach(visit);
    else if (typeof v === "object" && v !== null) Object.values(v).forEach(visit);
  };
  visit(value);
  return [...found];
};
