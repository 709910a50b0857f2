import { Effect } from "effect";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type EngineOptions, readModelConfig } from "../model/mod.ts";
import { onEngine } from "../rollout/mod.ts";
import { unavailable } from "../sandbox/mod.ts";
import { Tokenizer } from "../wasm/mod.ts";
import { readChat } from "./chat.ts";
import { TrainRefused } from "./errors.ts";
import { evaluatedLanguages } from "./evaluation.ts";
import type { Learner, Setting } from "./learner.ts";
import { needsReference } from "./policy_step.ts";
import type { StagePlace } from "./prepare.ts";
import type { Stage } from "./recipe/schema.ts";

/** Tokenizer, stop tokens and context of the model that the stage starts from. */
export const settingOf = Effect.fnUntraced(function* (place: StagePlace) {
  const { stage, index, model, judge, ask, concurrency } = place;
  const config = yield* onEngine(() => readModelConfig(model));
  const file = join(model, "tokenizer.json");
  const text = yield* Effect.promise(() => readFile(file, "utf8").catch(() => undefined));
  const tokenizer = text === undefined ? undefined : yield* Effect.try({
    try: () => Tokenizer.fromJSON(text),
    catch: (error) =>
      new TrainRefused({ code: "tokenizer", message: `${file}: ${(error as Error).message}` }),
  });
  const chat = yield* Effect.tryPromise({
    try: () => readChat(model),
    catch: (error) =>
      new TrainRefused({
        code: "tokenizer",
        message: `${model}: chat template: ${(error as Error).message}`,
      }),
  });
  const named = stage.rollout?.prompts.stop;
  const id = named === undefined ? undefined : tokenizer?.tokenId(named);
  if (named !== undefined && tokenizer !== undefined && id === undefined) {
    return yield* new TrainRefused({
      code: "stop-token",
      message: `${file}: rollout.prompts.stop is "${named}"; expected a token of this tokenizer`,
    });
  }
  const ids = id === undefined ? config.eos_token_ids : [id];
  const first = ids[0];
  if (first === undefined && stage.rollout !== undefined) {
    return yield* new TrainRefused({
      code: "stop-token",
      message: `${model}: config.json names no eos_token_id; name a token in rollout.prompts.stop`,
    });
  }
  const stopText = named ??
    (first === undefined || tokenizer === undefined ? "" : tokenizer.decode(Uint32Array.of(first)));
  const setting: Setting = {
    stage,
    index,
    tokenizer,
    chat,
    stop: { ids, text: stopText },
    context: Math.min(stage.engine.context, config.max_position_embeddings),
    judge,
    ask,
    concurrency,
    tell: (doing, done, of) =>
      place.tell({ type: "progress", step: place.before, steps: place.steps, doing, done, of }),
  };
  return setting;
});

export const engineOptions = (
  { method, engine, lora, rollout, seed, evaluate, objective }: Stage,
  { context }: Pick<Setting, "context">,
  learner: Pick<Learner, "longest">,
): Omit<EngineOptions, "model"> => {
  const policy = method === "rl" || method === "oorl";
  const samples = policy || evaluate !== undefined;
  return {
    train: true,
    reference: policy && needsReference(objective),
    fold: method === "oorl",
    // A pass takes whole sequences, so the longest sets the least.
    tokens_per_pass: Math.max(engine.tokens_per_pass, Math.min(context, learner.longest)),
    context,
    ...(samples && rollout !== undefined ? { slots: engine.slots } : {}),
    ...(engine.provider ? { provider: engine.provider } : {}),
    ...(engine.weights ? { weights: engine.weights } : {}),
    ...(engine.recompute ? { recompute: engine.recompute } : {}),
    ...(engine.cache ? { cache: engine.cache } : {}),
    ...(lora === undefined
      ? {}
      : "adapter" in lora
      ? { adapter: lora.adapter, lora: "continue" as const }
      : { lora: { ...lora, seed } }),
  };
};

/** Programs that cannot be run here would only score as infrastructure errors: refused before the start. */
export const checkLanguages = Effect.fnUntraced(function* (stage: Stage) {
  const needed = new Set<string>([
    ...(stage.method === "rl" || stage.method === "oorl" ? stage.rollout!.targets : []),
    ...(stage.method === "sft" && stage.data!.verification > 0 ? stage.data!.languages ?? [] : []),
    ...(stage.evaluate === undefined ? [] : evaluatedLanguages(stage)),
  ]);
  // What a remote sandbox lacks, it says with its first verdict.
  if (needed.size === 0 || stage.judge !== undefined) return;
  const missing = yield* unavailable(needed);
  if (missing.length > 0) {
    return yield* new TrainRefused({
      code: "language-unavailable",
      message: `the recipe needs ${missing.join(", ")}, whose programs cannot be run here; see ` +
        "calque languages for the packages to install, or leave them out of rollout and evaluate",
    });
  }
});
