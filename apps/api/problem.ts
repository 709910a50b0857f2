import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { openaiError } from "./openai/error.ts";
import { asUserError, ERRORS, UserError } from "../tools/mod.ts";

/** An error as `application/problem+json` (RFC 9457), and in OpenAI's shape under `/v1`. */
export const problem = (c: Context, error: unknown): Response => {
  const known = fromHono(error) ?? asUserError(error);
  const { code, message } = known;
  const { status, title } = ERRORS[code];
  if (c.req.path.startsWith("/v1/")) return c.json(openaiError(known), status);
  return c.body(
    JSON.stringify({ type: `urn:calque:error:${code}`, title, status, detail: message }),
    status,
    { "content-type": "application/problem+json" },
  );
};

const fromHono = (error: unknown): UserError | undefined => {
  if (!(error instanceof HTTPException)) return undefined;
  switch (error.status) {
    case 400:
      return new UserError({ code: "bad-json", message: error.message });
    case 413:
      return new UserError({ code: "too-large", message: error.message });
    default:
      return new UserError({ code: "internal", message: error.message });
  }
};
