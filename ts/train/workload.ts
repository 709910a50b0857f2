import type { Problem } from "../rollout/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";

/** What one step, or one evaluation, is expected to cost. */
export interface Workload {
  /** Tokens through a forward and a backward pass. */
  readonly trained_tokens: number;
  readonly sampled_tokens: number;
  /** Programs run against their tests. */
  readonly judged: number;
}

/** A mean over this many problems is near enough. */
const LOOKED_AT = 64;

/**
 * Mean tokens of problems' prompts and of the completions to expect: a translation is about as long as
 * the program it translates; of an answer to prose only the limit is known.
 */
export const meanTokens = (
  problems: readonly Problem[],
  tokenizer: Tokenizer,
  max_tokens: number,
): { readonly prompt: number; readonly completion: number } => {
  const some = problems.slice(0, LOOKED_AT);
  const mean = (of: (problem: Problem) => number): number =>
    some.reduce((sum, problem) => sum + of(problem), 0) / Math.max(1, some.length);
  return {
    prompt: mean(({ prompt }) => tokenizer.count(prompt)),
    completion: mean(({ source, given }) =>
      source === "statement" ? max_tokens : Math.min(max_tokens, tokenizer.count(given))
    ),
  };
};
