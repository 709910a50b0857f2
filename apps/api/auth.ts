import type { MiddlewareHandler } from "hono";
import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import { UserError } from "../tools/mod.ts";
import { digestOf, type Holder } from "./holder.ts";
import type { Limiter } from "./limits.ts";
import { operationOf } from "./operations/mod.ts";
import { problem } from "./problem.ts";

/**
 * Lets in what carries `Authorization: Bearer TOKEN` with the scope of the operation, or what is open to
 * all, and holds both to the limits. Paths that are no operation want a token too, whichever.
 */
export const guard = (
  holders: () => readonly Holder[],
  limiter: Limiter,
): MiddlewareHandler =>
async (c, next) => {
  const wanted = operationOf(c.req.method, c.req.path)?.scope;
  if (wanted === "open") return await next();
  const given = tokenIn(c.req.header("authorization") ?? "", c.req.path);
  const holder = given === undefined ? undefined : findHolder(given, holders());
  if (holder === undefined) {
    const late = limiter.stranger();
    if (late !== undefined) return problem(c, late);
    const message = given === undefined
      ? 'expected the header "Authorization: Bearer TOKEN"'
      : 'the token in the header "Authorization" is not this server\'s';
    const response = problem(c, new UserError({ code: "unauthorized", message }));
    response.headers.set("www-authenticate", 'Bearer realm="calque"');
    return response;
  }
  const allowed = wanted === undefined || holder.scopes.has(wanted) ||
    (wanted !== "judge" && holder.scopes.has("admin"));
  // The token of a server's own runs is for nothing else.
  if (!allowed || (wanted === undefined && holder.scopes.has("judge"))) {
    const message = `the token has not the scope "${wanted ?? "read"}" that ${c.req.path} wants`;
    return problem(c, new UserError({ code: "forbidden", message }));
  }
  return await limiter.admit(c, holder.id, wanted === "tools", next);
};

/**
 * SandboxFusion's client has no place for a token, but for its server's address: `http://any:TOKEN@host`. Only its own
 * paths take that: a browser would add such a password to requests that another site makes.
 */
const tokenIn = (authorization: string, path: string): string | undefined => {
  const [, scheme, given] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization) ?? [];
  if (scheme === undefined || given === undefined) return undefined;
  if (scheme.toLowerCase() === "bearer") return given;
  if (path !== "/run_code" && path !== "/submit") return undefined;
  return Buffer.from(given, "base64").toString().replace(/^[^:]*:/, "");
};

/** Digests have one length and all are compared, so the time tells nothing about any token. */
const findHolder = (token: string, holders: readonly Holder[]): Holder | undefined => {
  const told = digestOf(token);
  let found: Holder | undefined;
  for (const holder of holders) if (timingSafeEqual(told, holder.digest)) found = holder;
  return found?.expires_ms !== undefined && found.expires_ms <= Date.now() ? undefined : found;
};
