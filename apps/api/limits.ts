import type { Context, Next } from "hono";
import { UserError } from "../tools/mod.ts";
import { problem } from "./problem.ts";

export interface Limits {
  /** Requests a second that each token may make, on average over a burst of two seconds. */
  readonly requests_per_s: number;
  /** Requests of tools (judging, generating, checking) that may be under way at once. */
  readonly tools_at_once: number;
}

/** Wrong tokens a second, from anywhere: nobody who guesses gets far. */
const STRANGERS_PER_S = 20;
const BURST_S = 2;

/** Counts requests; what is too much is answered 429 with the time to wait. */
export class Limiter {
  readonly #limits: Limits;
  readonly #now_ms: () => number;
  readonly #buckets = new Map<string, Bucket>();
  #tools = 0;

  constructor(limits: Limits, now_ms: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now_ms = now_ms;
  }

  /** Counts a request that nobody known makes; an error when there are too many. */
  stranger(): UserError | undefined {
    const wait_s = this.#take("", STRANGERS_PER_S);
    return wait_s === 0
      ? undefined
      : tooMany(`${STRANGERS_PER_S} requests a second without a token`);
  }

  async admit(c: Context, holder: string, tool: boolean, next: Next): Promise<Response | void> {
    const { requests_per_s, tools_at_once } = this.#limits;
    const wait_s = this.#take(`token ${holder}`, requests_per_s);
    if (wait_s > 0) return refuse(c, `${requests_per_s} requests a second`, wait_s);
    if (!tool) return await next();
    if (this.#tools >= tools_at_once) return refuse(c, `${tools_at_once} of tools at once`, 1);
    this.#tools++;
    try {
      await next();
    } finally {
      this.#tools--;
    }
  }

  /** 0 when there was a place in the bucket, else the seconds until there is one. */
  #take(name: string, per_s: number): number {
    const now_ms = this.#now_ms();
    const bucket = this.#buckets.get(name) ?? { left: per_s * BURST_S, at_ms: now_ms };
    const gained = per_s * (now_ms - bucket.at_ms) / 1000;
    const left = Math.min(per_s * BURST_S, bucket.left + gained);
    const taken = left >= 1 ? left - 1 : left;
    this.#buckets.set(name, { left: taken, at_ms: now_ms });
    return left >= 1 ? 0 : (1 - left) / per_s;
  }
}

interface Bucket {
  readonly left: number;
  readonly at_ms: number;
}

const tooMany = (limit: string): UserError =>
  new UserError({
    code: "too-many-requests",
    message: `expected at most ${limit}; wait and retry`,
  });

const refuse = (c: Context, limit: string, wait_s: number): Response => {
  const response = problem(c, tooMany(limit));
  response.headers.set("retry-after", String(Math.ceil(wait_s)));
  response.headers.set("retry-after-ms", String(Math.ceil(wait_s * 1000)));
  return response;
};
