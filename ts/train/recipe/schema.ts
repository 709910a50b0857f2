import { Effect, Schema } from "effect";
import { loraModules } from "../../model/mod.ts";
import { algorithms } from "../objectives/mod.ts";

/**
 * The keys of a recipe, each with its bounds, its default and a sentence for editors. What depends on
 * several keys is settled in `resolve.ts`.
 */
const positive = Schema.Finite.check(Schema.isGreaterThan(0));
const notNegative = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0));
const share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }));
const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1));
const natural = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));
const text = Schema.NonEmptyString;
const languages = Schema.NonEmptyArray(text);

/** A key that may be left out, with what it then is. */
const or = <S extends Schema.Top>(schema: S, value: S["Encoded"], description: string) =>
  described(schema, { description, default: value })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)));

/** A key that may be left out and then says nothing. */
const maybe = <S extends Schema.Top>(schema: S, description: string) =>
  Schema.optionalKey(described(schema, { description }));

/** Annotated, still of its own type: annotations change nothing else. */
const described = <S extends Schema.Top>(schema: S, notes: Schema.Annotations.Annotations): S =>
  (schema as Schema.Top).annotate(notes) as S;

const Data = Schema.Struct({
  path: text.annotate({
    description: "JSONL file of rows, or with `mixture` a folder of tasks.jsonl and programs.jsonl",
  }),
  packing: or(Schema.Boolean, true, "Fill passes with sequences; results do not depend on it"),
  shuffle: or(Schema.Boolean, true, "Draw rows in a random order of each epoch"),
  loss_on: or(
    Schema.Literals(["completion", "all"]),
    "completion",
    "Tokens of prompt/completion and messages rows that count",
  ),
  mixture: maybe(
    Schema.Literals(["parallel", "parallel-packed", "non-parallel", "source-only"]),
    "Parallel-SFT arm: every task in all languages (packed: in one row, each program after the others), every task in one, or the source language alone",
  ),
  languages: maybe(languages, "Languages of the mixture; the first is the source"),
  held_out_languages: maybe(languages, "Languages that no training data of any stage may hold"),
  tasks: or(count, 100, "Tasks that the parallel arm shows in every language"),
  unverified: or(
    Schema.Boolean,
    false,
    "A mixture takes programs that did not pass their tests too, as a corpus that nobody ran holds them",
  ),
  verification: or(
    share,
    0,
    "Share of a mixture's programs that are also asked about: is this one, or one that failed, right?",
  ),
});

const Optimizer = Schema.Struct({
  lr: positive.annotate({ description: "Learning rate" }),
  betas: or(Schema.Tuple([share, share]), [0.9, 0.95], "AdamW's decay rates of the moments"),
  eps: or(positive, 1e-8, "AdamW's epsilon"),
  weight_decay: or(notNegative, 0, "Decoupled, on every trained weight"),
  clip_norm: or(notNegative, 1, "Largest global gradient norm; 0 does not clip"),
  schedule: or(Schema.Literals(["constant", "linear", "cosine"]), "constant", "Course of the rate"),
  warmup: or(notNegative, 0, "Steps of linear warm-up; below 1, a share of the steps"),
  floor: or(share, 0, "Share of the rate left at the end of linear and cosine"),
});

const Lora = Schema.Union([
  Schema.Struct({
    rank: count,
    alpha: positive,
    targets: or(
      Schema.NonEmptyArray(Schema.Literals(loraModules)),
      [...loraModules],
      "Projections that get an adapter",
    ),
    rslora: or(Schema.Boolean, false, "Scale alpha / sqrt(rank) instead of alpha / rank"),
  }),
  Schema.Struct({ adapter: text.annotate({ description: "PEFT folder to go on with" }) }),
]);

/** For models that know no tags. */
export const defaultPrompts = {
  translation: "Translate from {source} to {target}:\n{code}\n",
  generation: "Write in {target}:\n{statement}\n",
  verification: "{statement}\n{code}\nDoes the program do that? Answer yes or no.\n",
  ir: "Translate from {source} to LLVM IR:\n{code}\n",
  equivalence:
    "In {source}:\n{code}\nIn {target}:\n{other}\nDo both do the same? Answer yes or no.\n",
};

const Prompts = Schema.Struct({
  translation: or(text, defaultPrompts.translation, "{source} {target} {code}"),
  generation: or(text, defaultPrompts.generation, "{target} {statement}"),
  verification: or(
    text,
    defaultPrompts.verification,
    "{statement} {target} {code}; the answer begins with yes or no",
  ),
  ir: or(text, defaultPrompts.ir, "GEPO's prompt: {source} {code}"),
  equivalence: or(
    text,
    defaultPrompts.equivalence,
    "Evaluation's question: {source} {code} {target} {other}; the answer is yes or no",
  ),
  extract: or(
    Schema.Literals(["raw", "fenced"]),
    "fenced",
    "The code is the whole completion, or its first fenced block",
  ),
  stop: maybe(text, "Token that ends a completion; default: the model's end tokens"),
});

const Rollout = Schema.Struct({
  tasks: text.annotate({ description: "Folder of tasks.jsonl and programs.jsonl" }),
  sources: maybe(languages, "Languages of programs in prompts; needed for translation"),
  targets: languages.annotate({ description: "Languages that are asked for and rewarded" }),
  kind: or(
    Schema.Literals(["translation", "generation", "verification"]),
    "translation",
    "What is asked: programs, or whether a program does what its statement says",
  ),
  prompts: or(Prompts, {}, "Templates"),
  prompts_per_step: or(count, 64, "Problems a step"),
  group_size: or(count, 4, "Rollouts of each problem"),
  max_tokens: or(count, 256, "New tokens at most"),
  temperature: or(positive, 1, "Of sampling; log-probs are of logits divided by it"),
  fresh_cases: or(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 })),
    4,
    "New hidden tests of each problem in every step, which the task's right programs answer; 0: none",
  ),
  staleness: or(
    Schema.Literals([0, 1]),
    0,
    "Updates between the sampling weights and the trained ones; 1: the judge works during the update",
  ),
});

const Gepo = Schema.Struct({
  groups: text.annotate({ description: "JSONL of IR groups" }),
  loss: or(
    Schema.Literals(["gepo", "dpo", "softmax-group"]),
    "gepo",
    "Ablations: dpo takes a winner and a loser of a group as a pair, softmax-group the share of the winners",
  ),
  tiers: or(
    Schema.NonEmptyArray(Schema.Literals(["ill-formed", "edited", "other"])),
    ["ill-formed", "edited", "other"],
    "Kinds of losers that are used",
  ),
  per_step: or(count, 4, "Groups a step"),
  beta: or(positive, 0.1, "Scale of the implicit reward"),
  lambda: or(notNegative, 1, "Weight of the winners' variance"),
  beta_inside_variance: or(Schema.Boolean, false, "The variance is of beta times the log-ratio"),
  sample_variance: or(Schema.Boolean, false, "The variance is divided by n - 1 instead of n"),
  length_normalised: or(Schema.Boolean, false, "Log-ratios per token instead of their sum"),
  clip_norm: maybe(positive, "Clips GEPO's gradient by itself before it is added"),
});

const Objective = Schema.Struct({
  algorithm: or(Schema.Literals(algorithms), "reinforce++", "Policy objective"),
  clip_low: or(share, 0.2, "Ratios are kept above 1 - clip_low"),
  clip_high: or(notNegative, 0.28, "Ratios are kept below 1 + clip_high"),
  kl_in_reward: or(notNegative, 0, "REINFORCE++: coefficient of KL in the token reward"),
  kl_loss: or(notNegative, 0, "Coefficient of KL (k2) in the loss"),
  normalise: maybe(
    Schema.Literals(["token", "sequence", "constant"]),
    "How tokens are averaged; default: as the algorithm's paper has it",
  ),
  truncated: or(
    Schema.Literals(["zero", "mask"]),
    "zero",
    "Rollouts cut off at max_tokens score 0, or leave the loss",
  ),
  gamma: or(share, 1, "REINFORCE++: discount per token"),
  behaviour_cap: or(
    positive,
    5,
    "Staleness 1: bound of a token's weight, trained over sampling weights' probability",
  ),
  max_ratio: or(positive, 5, "CISPO: bound of the ratio"),
  dynamic_sampling: or(
    Schema.Boolean,
    false,
    "DAPO: more is sampled, up to four times as much, until enough groups have rewards that differ; only those count",
  ),
  overlong_cache: maybe(count, "DAPO: tokens before max_tokens over which a penalty grows to 1"),
  w_rl: or(notNegative, 1, "OORL: weight of the policy loss"),
  w_gepo: or(notNegative, 0.01, "OORL: weight of GEPO"),
  beta: or(positive, 0.1, "DPO: scale of the implicit reward"),
  gepo: maybe(Gepo, "Groups of equivalent and inequivalent programs"),
});

const Evaluate = Schema.Struct({
  before: or(Schema.Boolean, true, "Measured before the first step too, not only after the last"),
  every: or(natural, 0, "Steps between evaluations; 0: only before and after"),
  problems: or(count, 200, "Held-out tasks, each in one pair of languages"),
  problems_during: maybe(count, "The first of them, asked in evaluations on the way; default: all"),
  samples: or(count, 1, "Samples of each problem at `temperature`"),
  temperature: or(positive, 1, "Of the sampled evaluation; greedy is always measured too"),
  tasks: maybe(text, "Folder of tasks; default: rollout.tasks"),
  sources: maybe(languages, "Default: all languages of the rollout"),
  targets: maybe(languages, "Default: all languages of the rollout"),
  select_on: maybe(
    languages,
    "Keep the weights that were best at these targets among the evaluated steps",
  ),
});

/** One stage of training. */
export const Stage = Schema.Struct({
  method: Schema.Literals(["sft", "dpo", "rl", "gepo", "oorl"]),
  model: Schema.Union([
    text,
    Schema.Struct({
      init: text.annotate({ description: "Folder of a config.json and tokenizer" }),
    }),
  ]).annotate({
    description: "Hugging Face folder, a model's name on a hub, or what to start from nothing with",
  }),
  seed: or(natural, 0, "All randomness is a function of it"),
  steps: count.annotate({ description: "Optimizer steps" }),
  data: maybe(Data, "sft, dpo: the rows"),
  batch: or(
    Schema.Struct({
      size: maybe(count, "Rows an update; default: 16, or all rollouts of a step"),
      micro: maybe(count, "Rows handed to the engine at once; results do not depend on it"),
    }),
    {},
    "Batching",
  ),
  optimizer: Optimizer,
  lora: maybe(Lora, "Train an adapter instead of all weights"),
  rollout: maybe(Rollout, "rl, oorl: how completions are made and judged"),
  objective: or(Objective, {}, "rl, gepo, oorl, dpo: the loss"),
  evaluate: maybe(Evaluate, "pass@1 on held-out tasks; absent: none"),
  judge: maybe(
    Schema.Struct({ url: text }),
    "A `calque serve` that runs the programs; its token in CALQUE_TOKEN",
  ),
  engine: or(
    Schema.Struct({
      tokens_per_pass: or(count, 4096, "Tokens of one forward and backward pass"),
      context: or(count, 1024, "Longest sequence"),
      slots: or(count, 64, "Sequences decoded at once"),
      provider: maybe(Schema.Literals(["native", "dawn"]), "WebGPU implementation"),
      weights: maybe(
        Schema.Literals(["f32", "f16", "q4"]),
        "With lora: how the frozen matrices are kept (4, 2 or 5/8 bytes a weight)",
      ),
      recompute: maybe(
        Schema.Boolean,
        "Keep one activation a layer and compute the others again: the same bits, slower",
      ),
      cache: maybe(
        Schema.Literals(["f32", "f16"]),
        "Keys and values of rollouts; f16 gives up that log-probs equal the trainer's to the bit",
      ),
    }),
    {},
    "Room to plan for",
  ),
  checkpoint: or(
    Schema.Struct({
      every: or(count, 1, "Steps between checkpoints"),
      keep: or(count, 2, "Checkpoints kept"),
    }),
    {},
    "What a killed run goes on from",
  ),
});
export type Stage = typeof Stage.Type;
export type Rollout = typeof Rollout.Type;
export type Evaluate = typeof Evaluate.Type;
export type Data = typeof Data.Type;
export type ObjectiveKeys = typeof Objective.Type;
export type Gepo = typeof Gepo.Type;
export type Prompts = typeof Prompts.Type;

/** Keys beside a stage's: the frame of a recipe. */
export const Frame = Schema.Struct({
  $schema: Schema.optionalKey(Schema.String),
  comment: maybe(Schema.String, "What the recipe shows"),
  name: maybe(text, "Name of its runs; default: the file's"),
});
