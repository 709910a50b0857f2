import { Effect } from "effect";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stripIr, Tokenizer, trainTokenizer } from "../../wasm/mod.ts";
import { findToolchain } from "../groups/toolchain.ts";
import { formatJsonl, writeFileAtomic } from "../jsonl.ts";
import { slipRates } from "../program/slips.ts";
import { corpus, type CorpusOptions } from "./corpus.ts";
import { irPairs } from "./ir_pairs.ts";
import { languageWeights, stages } from "./mixture.ts";
import { type Row, seedSpecialTokens } from "./prompts.ts";

export interface SeedCorpusOptions extends Pick<CorpusOptions, "weights"> {
  readonly seed: number;
  /** Folder that gets `clean.jsonl` and `slipped.jsonl`, rows `{"prompt", "completion"}`. */
  readonly out: string;
  readonly clean_rows: number;
  readonly slipped_rows: number;
}

/** Rows of both stages of the seed model's corpus; needs clang and opt for the share of C to IR. */
export const writeSeedCorpus = Effect.fn("writeSeedCorpus")(function* (options: SeedCorpusOptions) {
  const tools = yield* Effect.promise(() => findToolchain());
  const share = stages.clean.rows.ir;
  const pairs = yield* Effect.promise(() =>
    irPairs({
      seed: options.seed,
      count: Math.ceil(1.2 * share * (options.clean_rows + options.slipped_rows)),
      tools,
      strip: stripIr,
    })
  );
  const cleanPairs = Math.ceil(
    pairs.length * options.clean_rows / (options.clean_rows + options.slipped_rows),
  );
  const { seed, weights = languageWeights } = options;
  const clean = corpus({
    seed,
    weights,
    stage: "clean",
    rows: options.clean_rows,
    ir: pairs.slice(0, cleanPairs),
  });
  const slipped = corpus({
    seed,
    weights,
    stage: "slipped",
    rows: options.slipped_rows,
    ir: pairs.slice(cleanPairs),
  });
  yield* Effect.promise(async () => {
    await mkdir(options.out, { recursive: true });
    await writeFileAtomic(join(options.out, "clean.jsonl"), formatJsonl(clean.rows));
    await writeFileAtomic(join(options.out, "slipped.jsonl"), formatJsonl(slipped.rows));
  });
  return { compiler: tools.version, clean: clean.counts, slipped: slipped.counts };
});

/** `tokenizer.json` text of the seed model: 512 entries, every digit its own, trained on corpus rows. */
export const trainSeedTokenizer = (rows: readonly Row[]): string =>
  trainTokenizer({
    // Special tokens stand for themselves; only what lies between them is to be learnt.
    texts: rows.flatMap((row) => (row.prompt + row.completion).split(/<\|\w+\|>/)).filter((text) =>
      text !== ""
    ),
    vocabSize: 512,
    special: [...seedSpecialTokens],
    preTokenizer: "gpt2-digits",
    minFrequency: 2,
  });

/** The seed model's shape; 0.79M parameters. */
export const seedConfig = (tokenizer: Tokenizer): Readonly<Record<string, unknown>> => ({
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: tokenizer.vocabSize,
  hidden_size: 128,
  intermediate_size: 352,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  hidden_act: "silu",
  max_position_embeddings: 1024,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: true,
  attention_bias: false,
  mlp_bias: false,
  initializer_range: 0.02,
  bos_token_id: null,
  eos_token_id: tokenizer.tokenId("<|end|>"),
  pad_token_id: tokenizer.tokenId("<|pad|>"),
  torch_dtype: "float32",
});

export const seedTokenizerConfig: Readonly<Record<string, unknown>> = {
  tokenizer_class: "PreTrainedTokenizerFast",
  model_max_length: 1024,
  eos_token: "<|end|>",
  pad_token: "<|pad|>",
  additional_special_tokens: seedSpecialTokens.filter((t) => t !== "<|end|>" && t !== "<|pad|>"),
  clean_up_tokenization_spaces: false,
  add_bos_token: false,
};

/** Writes what a model folder holds besides weights: tokenizer and configuration. */
export const writeSeedFolder = Effect.fn("writeSeedFolder")(
  function* (folder: string, rows: readonly Row[]) {
    const text = trainSeedTokenizer(rows);
    const tokenizer = Tokenizer.fromJSON(text);
    const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
    yield* Effect.promise(async () => {
      await mkdir(folder, { recursive: true });
      await writeFileAtomic(join(folder, "tokenizer.json"), text);
      await writeFileAtomic(join(folder, "tokenizer_config.json"), json(seedTokenizerConfig));
      await writeFileAtomic(join(folder, "config.json"), json(seedConfig(tokenizer)));
    });
    return tokenizer;
  },
);

/** The planted slips and the mixture as Markdown, for the model card. */
export const corpusTable = (): string => {
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const rows = (["reading", "printing"] as const).flatMap((class_) =>
    Object.entries(slipRates[class_]).map(([slip, rate]) =>
      `| ${class_} | ${slip} | ${percent(rate)} |`
    )
  );
  const languages = Object.entries(languageWeights).map(([name, weight]) => `${name} ${weight}`);
  return [
    "| slip of | kind | planted where it applies |",
    "|---|---|---|",
    ...rows,
    "",
    `Rows: translation ${percent(stages.clean.rows.translation)}, from English ${
      percent(stages.clean.rows.generation)
    }, C to LLVM IR ${percent(stages.clean.rows.ir)}. Weights of languages: ${
      languages.join(", ")
    }.`,
    "",
  ].join("\n");
};
