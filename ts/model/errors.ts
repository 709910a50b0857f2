/** What can be wrong with a model or adapter on disk. */
export type ModelErrorCode =
  | "model-missing"
  | "hub"
  | "model-config"
  | "model-unsupported"
  | "safetensors-truncated"
  | "safetensors-malformed"
  | "tensor-missing"
  | "tensor-shape"
  | "tensor-dtype"
  | "adapter-config"
  | "row-too-long"
  | "row-token"
  | "row-shape"
  | "request"
  | "not-planned";

/** A model or adapter cannot be used: `file` is the place, `message` what was found and what was expected. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  constructor(readonly code: ModelErrorCode, readonly file: string, message: string) {
    super(`${file}: ${message}`);
  }
}
