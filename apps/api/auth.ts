import type { MiddlewareHandler } from "hono";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { UserError } from "../tools/mod.ts";
import { problem } from "./problem.ts";

/** Lets in what carries `Authorization: Bearer TOKEN`. */
export const bearer = (token: string): MiddlewareHandler => {
  const expected = digest(token);
  return async (c, next) => {
    const given = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    // Digests have one length, so neither the time nor an early end tells anything about the token.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return await next();
    const detail = given === undefined
      ? 'expected the header "Authorization: Bearer TOKEN"'
      : 'the token in the header "Authorization" is not this server\'s';
    const response = problem(c, new UserError({ code: "unauthorized", message: detail }));
    response.headers.set("www-authenticate", 'Bearer realm="calque"');
    return response;
  };
};

export const newToken = (): string => randomBytes(24).toString("base64url");

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
