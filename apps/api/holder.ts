import { createHash, randomBytes } from "node:crypto";
import type { Scope } from "./scopes.ts";

/** Who asks: tokens are known by their SHA-256 digests alone. */
export interface Holder {
  readonly id: string;
  readonly digest: Uint8Array;
  /** `judge` is of the server's own runs alone: to be graded. */
  readonly scopes: ReadonlySet<Scope | "judge">;
  readonly expires_ms?: number;
}

export const newToken = (): string => randomBytes(24).toString("base64url");

export const digestOf = (token: string): Uint8Array => createHash("sha256").update(token).digest();

/** A token that is told to one program and never stored. */
export const holderOf = (id: string, token: string, scope: Scope | "judge"): Holder => ({
  id,
  digest: digestOf(token),
  scopes: new Set([scope]),
});
