import type { MiddlewareHandler } from "hono";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { UserError } from "../tools/mod.ts";
import { problem } from "./problem.ts";

/** What a token is for: everything, or only to be asked for verdicts by this server's own runs. */
export type Scope = "all" | "judge";

/** Lets in what carries `Authorization: Bearer TOKEN`; tokens are known by their digests alone. */
export const bearer = (
  tokens: ReadonlyMap<Scope, string>,
  allows: (scope: Scope, path: string) => boolean,
): MiddlewareHandler => {
  const known = [...tokens].map(([scope, token]) => ({ scope, digest: digest(token) }));
  return async (c, next) => {
    const given = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    // Digests have one length, so neither the time nor an early end tells anything about the token.
    const told = given === undefined ? undefined : digest(given);
    const matching = known.filter((each) =>
      told !== undefined && timingSafeEqual(told, each.digest)
    );
    if (matching.some(({ scope }) => allows(scope, c.req.path))) return await next();
    if (matching.length > 0) {
      const message = `the token is not for ${c.req.path}`;
      return problem(c, new UserError({ code: "forbidden", message }));
    }
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
