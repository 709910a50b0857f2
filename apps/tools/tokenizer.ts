import { Effect, Schema } from "effect";
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Tokenizer } from "../../ts/wasm/mod.ts";
import { asUserError, UserError } from "./errors.ts";
import { TokenIds } from "./tokens.ts";
import { makeTool, type Tool } from "./tool.ts";

/**
 * Opens a `tokenizer.json`, the one in a folder, or `.tiktoken` ranks. Those are read as the published encoding that
 * the file is named after, else as the one that has as many ranks; `pattern` says otherwise how text is split.
 */
export const openTokenizer = (
  path: string,
  pattern?: string,
): Effect.Effect<Tokenizer, UserError> =>
  Effect.tryPromise({
    try: async () => {
      const folder = await stat(path).then((found) => found.isDirectory());
      const file = folder ? join(path, "tokenizer.json") : path;
      const bytes = await readFile(file);
      try {
        if (file.endsWith(".tiktoken")) return fromRanks(bytes, basename(file), pattern);
        if (pattern === undefined) return Tokenizer.fromJSON(bytes);
      } catch (error) {
        const message = `${file}: ${(error as Error).message}`;
        throw new UserError({ code: "bad-tokenizer", message });
      }
      const message = `${file}: a pattern is for .tiktoken ranks; tokenizer.json holds its own`;
      throw new UserError({ code: "bad-usage", message });
    },
    catch: asUserError,
  });

const fromRanks = (bytes: Uint8Array, name: string, pattern?: string): Tokenizer => {
  if (pattern !== undefined) return Tokenizer.fromTiktoken(bytes, { pattern });
  const encoding = PUBLISHED.find((encoding) => name === `${encoding}.tiktoken`);
  return Tokenizer.fromTiktoken(bytes, encoding === undefined ? {} : { encoding });
};

const PUBLISHED = [
  "gpt2",
  "r50k_base",
  "p50k_base",
  "p50k_edit",
  "cl100k_base",
  "o200k_base",
  "o200k_harmony",
] as const;

const EncodeInput = Schema.Struct({
  text: Schema.String,
  /** `false` leaves out the tokens that the post-processor adds. */
  special: Schema.optionalKey(Schema.Boolean),
});

export const encodeTool = (
  tokenizer: Tokenizer,
  options: { readonly offsets: boolean },
): Tool =>
  makeTool({
    name: "tokenizer encode",
    input: EncodeInput,
    answer: ({ text, special = true }) =>
      attempt(() => {
        if (!options.offsets) return { ids: [...tokenizer.encode(text, { special })] };
        const { ids, offsets } = tokenizer.encodeWithOffsets(text, { special });
        const place = (_: number, i: number) => [offsets[2 * i], offsets[2 * i + 1]];
        return { ids: [...ids], offsets: [...ids].map(place) };
      }),
  });

const DecodeInput = Schema.Struct({
  ids: TokenIds,
  /** `true` leaves out special tokens. */
  skip_special: Schema.optionalKey(Schema.Boolean),
});

export const decodeTool = (tokenizer: Tokenizer): Tool =>
  makeTool({
    name: "tokenizer decode",
    input: DecodeInput,
    answer: ({ ids, skip_special = false }) =>
      attempt(() => ({
        text: tokenizer.decode(Uint32Array.from(ids), { skipSpecial: skip_special }),
      })),
  });

export const countTool = (tokenizer: Tokenizer): Tool =>
  makeTool({
    name: "tokenizer count",
    input: EncodeInput,
    answer: ({ text, special = true }) =>
      attempt(() => ({ count: tokenizer.encode(text, { special }).length })),
  });

const attempt = (work: () => object): Effect.Effect<readonly object[], UserError> =>
  Effect.try({ try: () => [work()], catch: asUserError });
