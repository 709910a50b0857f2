import { Predicate, Schema } from "effect";

/**
 * Every kind of error that a user or a program can meet: how the command line exits with it, which HTTP
 * status answers it, and its title there. Messages themselves say what, where, what was expected and
 * what to do; they are made where the fault is found.
 */
export const ERRORS = {
  "bad-json": { exit: 2, status: 400, title: "Not valid JSON" },
  "unknown-key": { exit: 2, status: 400, title: "Unknown key" },
  "missing-key": { exit: 2, status: 400, title: "Missing key" },
  "bad-value": { exit: 2, status: 400, title: "Value not as expected" },
  "bad-usage": { exit: 2, status: 400, title: "Command not understood" },
  "bad-recipe": { exit: 2, status: 400, title: "Recipe not valid" },
  "bad-model": { exit: 2, status: 400, title: "Model folder not usable" },
  "bad-tokenizer": { exit: 2, status: 400, title: "Tokenizer not usable" },
  "bad-ir": { exit: 2, status: 400, title: "LLVM IR not usable" },
  "bad-data": { exit: 2, status: 400, title: "Data not valid" },
  "bad-file": { exit: 2, status: 400, title: "File not readable or writable" },
  "bad-checkpoint": { exit: 2, status: 400, title: "Checkpoint not usable" },
  "unauthorized": { exit: 2, status: 401, title: "Token missing or wrong" },
  "forbidden": { exit: 2, status: 403, title: "Not allowed" },
  "too-many-requests": { exit: 2, status: 429, title: "Too many requests" },
  "not-found": { exit: 2, status: 404, title: "Not found" },
  "wrong-state": { exit: 2, status: 409, title: "Not possible in this state" },
  "in-use": { exit: 2, status: 409, title: "In use by another process" },
  "too-large": { exit: 2, status: 413, title: "Body too large" },
  "training-failed": { exit: 1, status: 500, title: "Training failed" },
  "internal": { exit: 1, status: 500, title: "A fault in calque itself" },
  "no-adapter": { exit: 4, status: 503, title: "No GPU adapter" },
  "out-of-memory": { exit: 4, status: 503, title: "Does not fit this device" },
  "missing-toolchain": { exit: 4, status: 503, title: "Toolchain missing" },
} as const;
export type ErrorCode = keyof typeof ERRORS;

/** An error as users see it. Rooms throw their own; `asUserError` turns those into this. */
export class UserError extends Schema.TaggedError<UserError>()("UserError", {
  code: Schema.Literals(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
  message: Schema.String,
}) {}

/** Which code the errors of the rooms have, by their tag, and by tag and code where that is finer. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  RunNotFound: "not-found",
  FolderInUse: "in-use",
  BadCursor: "bad-value",
  RunFolderError: "bad-file",
  DataError: "bad-data",
  RecipeError: "bad-recipe",
  ModelError: "bad-model",
  TrainRefused: "bad-data",
  "TrainRefused/language-unavailable": "missing-toolchain",
  "TrainRefused/checkpoint": "bad-checkpoint",
  "TrainRefused/disk-full": "bad-file",
  "TrainRefused/tokenizer": "bad-tokenizer",
  "TrainRefused/stop-token": "bad-recipe",
  SandboxError: "missing-toolchain",
  ToolchainMissing: "missing-toolchain",
  DeviceError: "no-adapter",
  "DeviceError/out-of-memory": "out-of-memory",
  "DeviceError/validation": "internal",
  "DeviceError/lost": "training-failed",
  CalqueError: "bad-value",
};

/** Any error, as a user should see it. What no room announces is a fault of calque itself. */
export const asUserError = (error: unknown): UserError => {
  if (error instanceof UserError) return error;
  const { message, _tag, name, code } = partsOf(error);
  const found = CODES[`${_tag ?? name}/${code}`] ?? CODES[_tag ?? name ?? ""];
  if (found !== undefined) return new UserError({ code: found, message });
  if (/module not found.*crates\/wasm\/pkg/is.test(message)) {
    const built = "the WebAssembly module is not built; run ./just build-wasm";
    return new UserError({ code: "missing-toolchain", message: built });
  }
  if (typeof code === "string" && /^E[A-Z]+$/.test(code)) {
    return new UserError({ code: "bad-file", message });
  }
  return new UserError({ code: "internal", message: message === "" ? String(error) : message });
};

const partsOf = (error: unknown) => {
  const field = (key: string): string | undefined => {
    const value = Predicate.hasProperty(error, key) ? error[key] : undefined;
    return typeof value === "string" ? value : undefined;
  };
  return {
    message: field("message") ?? String(error),
    _tag: field("_tag"),
    name: field("name"),
    code: field("code"),
  };
};
