import type { UserError } from "../../tools/mod.ts";
import { ERRORS } from "../../tools/mod.ts";

/** An error as OpenAI's clients read it; `param` is the key that the message names. */
export const openaiError = ({ code, message }: UserError): object => {
  const { status } = ERRORS[code];
  return {
    error: {
      message,
      type: TYPES[status] ?? (status >= 500 ? "server_error" : "invalid_request_error"),
      param: /key "([^"]+)"/.exec(message)?.[1] ?? null,
      code: CODES[code] ?? code.replaceAll("-", "_"),
    },
  };
};

const TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  429: "rate_limit_error",
};

/** Where OpenAI has a name for it. */
const CODES: Readonly<Record<string, string>> = {
  "unauthorized": "invalid_api_key",
  "unknown-key": "unknown_parameter",
  "missing-key": "missing_required_parameter",
  "bad-value": "invalid_value",
};
