/** A model of a few thousand weights and a recipe that uses every part of OORL, for tests. */
import { Effect, Stream } from "effect";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Sandbox } from "../sandbox/mod.ts";
import type { TrainEvent } from "./events.ts";
import { type Json, merge } from "./recipe/override.ts";
import { parseRecipe, type Recipe } from "./recipe/parse.ts";
import { train } from "./train.ts";

export const assets = fileURLToPath(new URL("../../assets", import.meta.url));

export const temporary = (): string => mkdtempSync(join(tmpdir(), "calque-train-"));

/** A model of a few thousand weights from nothing, with the bundled tokenizer. */
export const tinyModel = (folder: string): string => {
  const place = join(folder, "tiny");
  mkdirSync(place);
  copyFileSync(`${assets}/seed/tokenizer.json`, `${place}/tokenizer.json`);
  const config = JSON.parse(readFileSync(`${assets}/seed/config.json`, "utf8"));
  const small = { hidden_size: 16, intermediate_size: 24, num_hidden_layers: 1 };
  const heads = { num_attention_heads: 2, num_key_value_heads: 1, head_dim: 8 };
  writeFileSync(`${place}/config.json`, JSON.stringify({ ...config, ...small, ...heads }));
  return place;
};

/** Groups that are only shaped like IR groups: what is tried here is the machinery. */
export const groupsFile = (folder: string, count = 24): string => {
  const file = join(folder, "groups.jsonl");
  const rows = Array.from({ length: count }, (_, i) => ({
    id: `g${i}`,
    source: `int f(int a) { return a + ${i}; }`,
    language: "c",
    function: "f",
    winners: [
      { ir: `add i32 %0, ${i}`, compiler: "clang", level: "-O1" },
      { ir: `add i32 ${i}, %0`, compiler: "clang", level: "-O2", proof: { verdict: "proved" } },
    ],
    losers: [
      { ir: `sub i32 %0, ${i}`, tier: "edited", evidence: { verdict: "refuted" } },
      { ir: `add i32 %0`, tier: "ill-formed", evidence: "expected operand" },
    ],
  }));
  writeFileSync(file, rows.map((row) => JSON.stringify(row) + "\n").join(""));
  return file;
};

export const oorl = (folder: string, changes: Json = {}): Recipe =>
  parseRecipe(
    JSON.stringify(merge({
      method: "oorl",
      model: { init: tinyModel(folder) },
      seed: 3,
      steps: 4,
      optimizer: { lr: 1e-2, schedule: "cosine", warmup: 1 },
      rollout: {
        tasks: `${assets}/tasks`,
        sources: ["python"],
        targets: ["lua", "javascript"],
        prompts: {
          translation: "<|{source}|>{code}<|{target}|>",
          ir: "<|{source}|>{code}<|llvm|>",
          extract: "raw",
          stop: "<|end|>",
        },
        prompts_per_step: 3,
        group_size: 2,
        max_tokens: 6,
      },
      batch: { size: 4 },
      objective: {
        kl_in_reward: 0.5,
        w_gepo: 0.5,
        gepo: { groups: groupsFile(folder), per_step: 2, length_normalised: true, clip_norm: 1 },
      },
      evaluate: { problems: 4, temperature: 1 },
      engine: { tokens_per_pass: 512, context: 256, slots: 8 },
    }, changes)),
    "oorl.json",
  );

/** Runs until done, or until `stopAfter` says so; then the stream is interrupted. */
export const runAll = async (
  recipe: Recipe,
  folder: string,
  resume: boolean,
  stopAfter: (event: TrainEvent) => boolean = () => false,
): Promise<TrainEvent[]> => {
  const events: TrainEvent[] = [];
  await train(recipe, { folder, resume }).pipe(
    Stream.takeUntil(stopAfter),
    Stream.runForEach((event) =>
      Effect.sync(() => {
        if (event.type !== "progress") events.push(event);
      })
    ),
    Effect.provide(Sandbox.layer()),
    Effect.runPromise,
  );
  return events;
};
