import { Effect, Schema } from "effect";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "../../ts/wasm/mod.ts";
import { asUserError, UserError } from "./errors.ts";
import { TokenIds } from "./tokens.ts";
import { makeTool, type Tool } from "./tool.ts";

/** Opens a `tokenizer.json`, or the one in a folder. */
export const openTokenizer = (path: string): Effect.Effect<Tokenizer, UserError> =>
  Effect.tryPromise({
    try: async () => {
      const folder = await stat(path).then((found) => found.isDirectory());
      const file = folder ? join(path, "tokenizer.json") : path;
      const bytes = await readFile(file);
      try {
        return Tokenizer.fromJSON(bytes);
      } catch (error) {
        const message = `${file}: ${(error as Error).message}`;
        throw new UserError({ code: "bad-tokenizer", message });
      }
    },
    catch: asUserError,
  });

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
        return { ids: [...ids], offsets };
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
