/** Why the GPU could not do what was asked; `code` is stable, `message` says what to do. */
export class DeviceError extends Error {
  readonly _tag = "DeviceError";
  override readonly name = "DeviceError";
  constructor(readonly code: DeviceErrorCode, message: string) {
    super(message);
  }
}

export type DeviceErrorCode =
  | "no-adapter" // no driver offers WebGPU here
  | "provider-missing" // npm `webgpu` was asked for and is not installed
  | "out-of-memory" // a plan does not fit the device's limits
  | "validation" // a kernel or a dispatch was refused: a fault of this project
  | "lost"; // the device went away; reopen the engine and resume
