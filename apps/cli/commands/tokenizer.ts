import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { readFile, writeFile } from "node:fs/promises";
import { asUserError, type Tool, UserError } from "../../tools/mod.ts";
import { batch } from "../flags.ts";
import { printJson, writeErr, writeOut } from "../output.ts";

const rooms = Effect.promise(async () => ({
  ...await import("../../tools/tokenizer.ts"),
  ...await import("../batch.ts"),
  ...await import("../stdin.ts"),
}));

const file = Flag.String("tokenizer").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("A tokenizer.json, or a folder holding one"),
);
const text = Argument.String("file").pipe(
  Argument.withDescription("A text file; stdin if not given"),
  Argument.optional,
);

const encode = Command.make(
  "encode",
  {
    tokenizer: file,
    text,
    offsets: Flag.Boolean("offsets").pipe(
      Flag.withDescription("Also each token's place in the text, in bytes"),
      Flag.withDefault(false),
    ),
    batch,
  },
  Effect.fnUntraced(function* ({ tokenizer: path, text, offsets, batch }) {
    const { openTokenizer, encodeTool, runBatch, readText } = yield* rooms;
    const tool = encodeTool(yield* openTokenizer(path), { offsets });
    if (batch) return yield* runBatch(tool);
    yield* printOne(tool, { text: yield* readText(Option.getOrUndefined(text)) });
  }),
).pipe(Command.withDescription("Text to token ids, as one JSON object"));

const decode = Command.make(
  "decode",
  {
    tokenizer: file,
    ids: Argument.Int("id").pipe(Argument.variadic()),
    batch,
  },
  Effect.fnUntraced(function* ({ tokenizer: path, ids, batch }) {
    const { openTokenizer, decodeTool, runBatch } = yield* rooms;
    const tool = decodeTool(yield* openTokenizer(path));
    if (batch) return yield* runBatch(tool);
    const [answer] = yield* tool.answer({ ids });
    yield* writeOut((answer as { readonly text: string }).text);
  }),
).pipe(Command.withDescription("Token ids to text"));

const count = Command.make(
  "count",
  { tokenizer: file, text, batch },
  Effect.fnUntraced(function* ({ tokenizer: path, text, batch }) {
    const { openTokenizer, countTool, runBatch, readText } = yield* rooms;
    const tool = countTool(yield* openTokenizer(path));
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
      "qwen2",
      "o200k",
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
    const texts = yield* Effect.tryPromise({
      try: () => Promise.all(files.map((path) => readFile(path, "utf8"))),
      catch: asUserError,
    });
    const json = yield* Effect.try({
      try: () => trainTokenizer({ texts, vocabSize, special, preTokenizer, minFrequency }),
      catch: (error) => new UserError({ code: "bad-value", message: (error as Error).message }),
    });
    yield* Effect.tryPromise({ try: () => writeFile(out, json), catch: asUserError });
    // Short texts run out of pairs before the vocabulary is full.
    const entries = Tokenizer.fromJSON(json).vocabSize;
    yield* writeErr(`${out}: ${entries} entries of ${vocabSize} asked for\n`);
  }),
).pipe(Command.withDescription("Learn a byte-level BPE tokenizer"));

const show = Command.make(
  "show",
  { tokenizer: file },
  Effect.fnUntraced(function* ({ tokenizer: path }) {
    const { openTokenizer } = yield* rooms;
    const tokenizer = yield* openTokenizer(path);
    yield* printJson({ vocab_size: tokenizer.vocabSize });
  }),
).pipe(Command.withDescription("What a tokenizer is, as JSON"));

export const tokenizer = Command.make("tokenizer").pipe(
  Command.withDescription("Encode, decode, count, train and show byte-level BPE tokenizers"),
  Command.withSubcommands([encode, decode, count, train, show]),
);

const printOne = (tool: Tool, input: object) =>
  Effect.flatMap(tool.answer(input), (answers) => printJson(answers[0]));
