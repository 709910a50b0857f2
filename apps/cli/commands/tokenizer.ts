import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { Buffer } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { asUserError, type Tool } from "../../tools/mod.ts";
import { batch } from "../flags.ts";
import { printJson, writeErr, writeOut } from "../output.ts";

const rooms = Effect.promise(async () => ({
  ...await import("../../tools/tokenizer.ts"),
  ...await import("../batch.ts"),
  ...await import("../stdin.ts"),
}));

const file = Flag.String("tokenizer").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("A tokenizer.json, a folder holding one, or .tiktoken ranks"),
);
const pattern = Flag.String("pattern").pipe(
  Flag.withMetavar("NAME|REGEX"),
  Flag.withDescription(
    "How ranks that are no published encoding's split text: a pre-tokenizer of train, or a pattern",
  ),
  Flag.optional,
);
const text = Argument.String("file").pipe(
  Argument.withDescription("A text file; stdin if not given"),
  Argument.optional,
);

const encode = Command.make(
  "encode",
  {
    tokenizer: file,
    pattern,
    text,
    offsets: Flag.Boolean("offsets").pipe(
      Flag.withDescription("Also each token's place in the text, in bytes"),
      Flag.withDefault(false),
    ),
    batch,
  },
  Effect.fnUntraced(function* ({ tokenizer: path, pattern, text, offsets, batch }) {
    const { openTokenizer, encodeTool, runBatch, readText } = yield* rooms;
    const tokenizer = yield* openTokenizer(path, Option.getOrUndefined(pattern));
    const tool = encodeTool(tokenizer, { offsets });
    if (batch) return yield* runBatch(tool);
    yield* printOne(tool, { text: yield* readText(Option.getOrUndefined(text)) });
  }),
).pipe(Command.withDescription("Text to token ids, as one JSON object"));

const decode = Command.make(
  "decode",
  {
    tokenizer: file,
    pattern,
    ids: Argument.Int("id").pipe(Argument.variadic()),
    batch,
  },
  Effect.fnUntraced(function* ({ tokenizer: path, pattern, ids, batch }) {
    const { openTokenizer, decodeTool, runBatch } = yield* rooms;
    const tool = decodeTool(yield* openTokenizer(path, Option.getOrUndefined(pattern)));
    if (batch) return yield* runBatch(tool);
    const [answer] = yield* tool.answer({ ids });
    yield* writeOut((answer as { readonly text: string }).text);
  }),
).pipe(Command.withDescription("Token ids to text"));

const count = Command.make(
  "count",
  { tokenizer: file, pattern, text, batch },
  Effect.fnUntraced(function* ({ tokenizer: path, pattern, text, batch }) {
    const { openTokenizer, countTool, runBatch, readText } = yield* rooms;
    const tool = countTool(yield* openTokenizer(path, Option.getOrUndefined(pattern)));
    if (batch) return yield* runBatch(tool);
    const [answer] = yield* tool.answer({ text: yield* readText(Option.getOrUndefined(text)) });
    yield* writeOut(`${(answer as { readonly count: number }).count}\n`);
  }),
).pipe(Command.withDescription("How many tokens a text is"));

const train = Command.make(
  "train",
  {
    files: Argument.String("file").pipe(
      Argument.withDescription("Text files to learn from"),
      Argument.variadic({ min: 1 }),
    ),
    vocabSize: Flag.Int("vocab-size").pipe(
      Flag.withDescription("Entries, special tokens and the 256 bytes included"),
    ),
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("The tokenizer.json to write"),
    ),
    minFrequency: Flag.Int("min-frequency").pipe(
      Flag.withDescription("Least number of times that a pair must occur to be merged"),
      Flag.withDefault(2),
    ),
    preTokenizer: Flag.Literals("pre-tokenizer", [
      "gpt2",
      "gpt2-digits",
      "llama3",
      "cl100k",
      "qwen2",
      "o200k",
      "deepseek-coder",
    ]).pipe(
      Flag.withDescription("How text is split before merging; gpt2-digits sets digits apart"),
      Flag.withDefault("gpt2" as const),
    ),
    special: Flag.String("special").pipe(
      Flag.withMetavar("TOKEN"),
      Flag.withDescription("A token that stands for itself; may be given many times"),
      Flag.atLeast(0),
    ),
  },
  Effect.fnUntraced(function* ({ files, vocabSize, out, minFrequency, preTokenizer, special }) {
    const { Tokenizer, trainTokenizer } = yield* Effect.promise(() =>
      import("../../../ts/wasm/mod.ts")
    );
    const json = yield* Effect.try({
      try: () =>
        trainTokenizer({ texts: texts(files), vocabSize, special, preTokenizer, minFrequency }),
      catch: asUserError,
    });
    yield* Effect.tryPromise({ try: () => writeFile(out, json), catch: asUserError });
    // Short texts run out of pairs before the vocabulary is full.
    const entries = Tokenizer.fromJSON(json).vocabSize;
    yield* writeErr(`${out}: ${entries} entries of ${vocabSize} asked for\n`);
  }),
).pipe(Command.withDescription("Learn a byte-level BPE tokenizer"));

const show = Command.make(
  "show",
  { tokenizer: file, pattern },
  Effect.fnUntraced(function* ({ tokenizer: path, pattern }) {
    const { openTokenizer } = yield* rooms;
    const tokenizer = yield* openTokenizer(path, Option.getOrUndefined(pattern));
    yield* printJson({ vocab_size: tokenizer.vocabSize, added_tokens: tokenizer.addedTokens });
  }),
).pipe(Command.withDescription("What a tokenizer is, as JSON"));

export const tokenizer = Command.make("tokenizer").pipe(
  Command.withDescription("Encode, decode, count, train and show byte-level BPE tokenizers"),
  Command.withSubcommands([encode, decode, count, train, show]),
);

/** What the module takes at once. */
const PART_BYTES = 1 << 26;

/** One file in memory at a time, a large one in parts that end with a line: distinct words are all that stays. */
function* texts(files: readonly string[]): Generator<string> {
  for (const path of files) {
    const file = openSync(path, "r");
    try {
      const part = Buffer.alloc(Math.min(PART_BYTES, fstatSync(file).size + 1));
      let filled = 0;
      for (;;) {
        const read = readSync(file, part, filled, part.length - filled, null);
        filled += read;
        if (read === 0) break;
        if (filled < part.length) continue;
        const line = part.lastIndexOf(10) + 1;
        const end = line === 0 ? filled : line;
        yield part.toString("utf8", 0, end);
        part.copyWithin(0, end, filled);
        filled -= end;
      }
      yield part.toString("utf8", 0, filled);
    } finally {
      closeSync(file);
    }
  }
}

const printOne = (tool: Tool, input: object) =>
  Effect.flatMap(tool.answer(input), (answers) => printJson(answers[0]));
