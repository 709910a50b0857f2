import { Schema } from "effect";

/** The sandbox itself cannot work here, or was asked for something that is no request. */
export class SandboxError extends Schema.TaggedError<SandboxError>()("SandboxError", {
  code: Schema.Literals(["bad-request", "not-isolated", "supervisor"]),
  message: Schema.String,
}) {}
