import { Effect, Fiber, Semaphore } from "effect";
import type { Completion, Engine } from "../model/mod.ts";
import type { Judgement, Sandbox } from "../sandbox/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import { type EngineError, onEngine } from "./on_engine.ts";
import { extract } from "./extract.ts";
import type { Case, Fresh } from "./fresh.ts";
import { type Judge, unfinished } from "./judge.ts";
import type { Problem } from "./problem.ts";

/** One completion of a problem, judged. */
export interface Rollout {
  readonly problem: Problem;
  /** Number of the problem in the request, and of the sample among the problem's. */
  readonly group: number;
  readonly index: number;
  readonly prompt_ids: Uint32Array;
  /** New tokens, the stop token included. */
  readonly ids: Uint32Array;
  /** Natural, under the sampling weights, of logits divided by the temperature. */
  readonly logProbs: Float32Array;
  readonly truncated: boolean;
  /** The whole completion, without its stop token. */
  readonly text: string;
  readonly code: string;
  readonly judgement: Judgement;
  /** What else it was tested with, once it had passed the task's own tests. */
  readonly fresh_cases?: readonly Case[];
  /** 1 if it finished and all tests passed, else 0; `null` where the judge failed, not the program. */
  readonly reward: 0 | 1 | null;
}

export interface RolloutOptions {
  readonly samples: number;
  readonly max_tokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly seed: number;
  readonly stop: readonly number[];
  readonly extract: "raw" | "fenced";
  readonly judge: Judge;
  /** New tests for programs that pass the task's own. */
  readonly fresh?: Fresh;
  /** Programs judged at once. */
  readonly concurrency: number;
  readonly onProgress?: (doing: "sampling" | "judging", done: number, of: number) => void;
}

/** A problem, and the new tests that its completions share. */
interface Asked {
  readonly problem: Problem;
  readonly prompt_ids: Uint32Array;
  readonly fresh: Effect.Effect<readonly Case[], never, Sandbox>;
}

/** Problems asked in one request: when it is answered, its completions are judged. */
const PROBLEMS_PER_REQUEST = 32;

/** Requests before the engine at once: enough to fill its slots. */
const REQUESTS_AT_ONCE = 8;

/** Samples every problem `samples` times and judges what came; in order of problems, then samples. */
export const rollOut = Effect.fn("rollOut")(function* (
  engine: Engine,
  tokenizer: Tokenizer,
  problems: readonly Problem[],
  options: RolloutOptions,
) {
  const { judged, ...sampled } = yield* sampleRollouts(engine, tokenizer, problems, options);
  return { rollouts: yield* judged, ...sampled };
});

/** The part of `rollOut` that needs the engine; `judged` waits for the rest, which has begun. */
export const sampleRollouts = Effect.fn("sampleRollouts")(function* (
  engine: Engine,
  tokenizer: Tokenizer,
  problems: readonly Problem[],
  options: RolloutOptions,
) {
  const of = problems.length * options.samples;
  let sampled = 0;
  let judged = 0;
  let sampled_tokens = 0;
  const before_ms = performance.now();
  const turns = yield* Semaphore.make(REQUESTS_AT_ONCE);
  const sampling: Fiber.Fiber<Part, EngineError>[] = [];
  for (let first = 0; first < problems.length; first += PROBLEMS_PER_REQUEST) {
    const part = samplePart(engine, tokenizer, problems, first, options);
    sampling.push(yield* Effect.forkChild(turns.withPermit(part)));
  }
  const judging: Fiber.Fiber<Rollout[]>[] = [];
  for (const fiber of sampling) {
    const { first, asked, completions } = yield* Fiber.join(fiber);
    sampled += completions.length;
    sampled_tokens += completions.reduce((sum, { ids }) => sum + ids.length, 0);
    options.onProgress?.("sampling", sampled, of);
    const judgeAll = Effect.forEach(
      completions,
      Effect.fnUntraced(function* (completion) {
        const rollout = yield* judgeOne(completion, asked, first, tokenizer, options);
        options.onProgress?.("judging", ++judged, of);
        return rollout;
      }),
      { concurrency: options.concurrency },
    );
    judging.push(yield* Effect.forkChild(judgeAll));
  }
  return {
    sampled_tokens,
    sampling_ms: performance.now() - before_ms,
    judged: Effect.map(
      Effect.forEach(judging, (fiber) => Fiber.join(fiber)),
      (parts) => parts.flat(),
    ),
  };
});

/** The problems of one request, from the `first`, and what the model wrote. */
interface Part {
  readonly first: number;
  readonly asked: readonly Asked[];
  readonly completions: readonly Completion[];
}

const samplePart = Effect.fnUntraced(function* (
  engine: Engine,
  tokenizer: Tokenizer,
  problems: readonly Problem[],
  first: number,
  options: RolloutOptions,
): Effect.fn.Return<Part, EngineError> {
  const asked = yield* Effect.forEach(
    problems.slice(first, first + PROBLEMS_PER_REQUEST),
    Effect.fnUntraced(function* (problem) {
      const fresh = yield* Effect.cached(options.fresh?.(problem) ?? Effect.succeed([]));
      return { problem, prompt_ids: tokenizer.encode(problem.prompt), fresh };
    }),
  );
  const completions = yield* onEngine((signal) =>
    engine.generate({
      signal,
      prompts: asked.map(({ prompt_ids }) => prompt_ids),
      samples: options.samples,
      max_tokens: options.max_tokens,
      temperature: options.temperature,
      // Within a request the draws differ by prompt and sample, between requests by this.
      seed: (options.seed + first) >>> 0,
      stop: options.stop,
    })
  );
  return { first, asked, completions };
});

type Judged = Pick<Rollout, "judgement" | "fresh_cases">;

/** A program is run; of an answer about a program, that program is, and the answer compared. */
const judged = Effect.fnUntraced(function* (asked: Asked, code: string, judge: Judge) {
  const { suspect } = asked.problem;
  if (suspect === undefined) return yield* tested(asked, code, judge);
  const { judgement: { verdict }, ...others } = yield* tested(asked, suspect, judge);
  const right = verdict === "pass" ? "yes" : "no";
  const said = /^\s*(yes|no)\b/i.exec(code)?.[1]?.toLowerCase();
  const answer = verdict === "infrastructure" ? verdict : said === right ? "pass" : "wrong-answer";
  return { judgement: { verdict: answer, tests: [] }, ...others } satisfies Judged as Judged;
});

/** The task's own tests, which are always the same, and if they are passed, new ones. */
const tested = Effect.fnUntraced(function* (asked: Asked, code: string, judge: Judge) {
  const { task, target } = asked.problem;
  const judgement = yield* judge(task, target, code);
  const cases = judgement.verdict === "pass" ? yield* asked.fresh : [];
  const [first, ...others] = cases;
  if (first === undefined) return { judgement } satisfies Judged as Judged;
  const again = yield* judge({ ...task, cases: [first, ...others] }, target, code);
  return {
    judgement: { ...again, tests: [...judgement.tests, ...again.tests] },
    fresh_cases: cases,
  } satisfies Judged as Judged;
});

const judgeOne = Effect.fnUntraced(function* (
  completion: Completion,
  all: readonly Asked[],
  first: number,
  tokenizer: Tokenizer,
  options: RolloutOptions,
) {
  const asked = all[completion.prompt]!;
  const truncated = completion.finish_reason === "length";
  const written = truncated ? completion.ids : completion.ids.subarray(0, -1);
  const text = tokenizer.decode(written);
  const code = extract(text, options.extract);
  const verdict: Judged = truncated
    ? { judgement: unfinished }
    : yield* judged(asked, code, options.judge);
  const { judgement } = verdict;
  return {
    problem: asked.problem,
    group: first + completion.prompt,
    index: completion.index,
    prompt_ids: asked.prompt_ids,
    ids: completion.ids,
    logProbs: completion.logProbs,
    truncated,
    text,
    code,
    ...verdict,
    reward: judgement.verdict === "infrastructure" ? null : judgement.verdict === "pass" ? 1 : 0,
  } satisfies Rollout as Rollout;
});
