/** Requests for samples as the sampler sees them: what is asked, how far it is, who is told. */
import { pcg } from "../gpu/mod.ts";
import type { Completion, GenerateRequest } from "./engine.ts";
import { ModelError } from "./errors.ts";
import { STOPS_MAX } from "./memory.ts";
import { checkRow } from "./passes.ts";

/** A request at work. */
export interface Job {
  readonly request: GenerateRequest;
  readonly sequences: Sequence[];
  /** Sequences that have not ended, and tokens sampled so far. */
  open: number;
  sampled: number;
  readonly resolve: (completions: Completion[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface Prompt {
  readonly number: number;
  readonly ids: Uint32Array;
  /** Tokens of prompt and completion together, at most. */
  readonly longest: number;
}

export interface Sequence {
  readonly job: Job;
  readonly prompt: Prompt;
  readonly index: number;
  /** What its draws depend on, but for the position. */
  readonly random: number;
  readonly ids: number[];
  readonly logProbs: number[];
  finish: "stop" | "length" | undefined;
}

/** Throws a `ModelError` that names what cannot be asked of a model of so many tokens. */
export const checkRequest = (
  r: GenerateRequest,
  { context, vocab }: { readonly context: number; readonly vocab: number },
): void => {
  const fail = (what: string) => {
    throw new ModelError("request", "generate", what);
  };
  const natural = (name: string, value: number) => {
    if (!Number.isSafeInteger(value) || value < 1) {
      fail(`${name} is ${value}; expected 1 or more`);
    }
  };
  natural("samples", r.samples);
  natural("max_tokens", r.max_tokens);
  if (!(r.temperature >= 0)) fail(`temperature is ${r.temperature}; expected 0 or more`);
  if (r.stop.length > STOPS_MAX) {
    fail(`${r.stop.length} stop tokens; expected ${STOPS_MAX} at most`);
  }
  r.prompts.forEach((prompt, i) => {
    if (prompt.length === 0) fail(`prompt ${i} is empty; expected at least one token`);
    // One position must be left for a new token.
    checkRow(prompt, `prompt ${i}`, { context: context - 1, vocab });
  });
};

/** All that a request asks for, in the order of its answer. */
export const jobOf = (
  request: GenerateRequest,
  context: number,
  resolve: Job["resolve"],
  reject: Job["reject"],
): Job => {
  const { prompts, samples, seed, max_tokens } = request;
  const sequences: Sequence[] = [];
  const job = { request, sequences, open: prompts.length * samples, sampled: 0, resolve, reject };
  prompts.forEach((ids, number) => {
    const prompt = { number, ids, longest: Math.min(ids.length + max_tokens, context) };
    for (let index = 0; index < samples; index++) {
      const random = pcg((pcg((pcg(seed >>> 0) + number) >>> 0) + index) >>> 0);
      sequences.push({ job, prompt, index, random, ids: [], logProbs: [], finish: undefined });
    }
  });
  return job;
};

/** Tokens that a sequence may still get. */
export const roomOf = ({ prompt: { longest, ids: { length } }, ids }: Sequence): number =>
  longest - length - ids.length;

/** What a burst brought a sequence. */
export interface News {
  readonly sequence: Sequence;
  readonly ids: readonly number[];
  readonly logProbs: readonly number[];
}

/** Takes note of what a burst brought, and tells who asked. */
export const tell = (job: Job, news: readonly News[]): void => {
  const { onProgress, onTokens } = job.request;
  job.sampled += news.reduce((sum, { ids }) => sum + ids.length, 0);
  job.open -= news.filter(({ sequence }) => sequence.finish).length;
  onProgress?.(job.sampled);
  onTokens?.(news.map(({ sequence: { prompt: { number }, index }, ids, logProbs }) => ({
    prompt: number,
    index,
    ids,
    logProbs,
  })));
};

export const completionsOf = ({ sequences }: Job): Completion[] =>
  sequences.map(({ prompt: { number }, index, ids, logProbs, finish }) => ({
    prompt: number,
    index,
    ids: Uint32Array.from(ids),
    logProbs: Float32Array.from(logProbs),
    finish_reason: finish!,
  }));
