/** OpenAI's ranks as a Hugging Face `tokenizer.json`, for the tokenizers that read no ranks. */
import { Buffer } from "node:buffer";

/** cl100k as Hugging Face's files split it; rank files are split alike but for white space at the end of a text. */
const pattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** GPT-2's alphabet: a printable character for every byte. */
const alphabet = (() => {
  let next = 0x100;
  const prints = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCharCode(prints(byte) ? byte : next++),
  );
})();

/** `tokenizer.json` of a `.tiktoken` file. */
export function toTokenizerJson(ranks: string): string {
  const vocab = new Map<string, number>();
  for (const line of ranks.split("\n")) {
    const [token, rank] = line.split(" ");
    if (token === undefined || rank === undefined) continue;
    vocab.set(Buffer.from(token, "base64").toString("latin1"), Number(rank));
  }
  const spell = (token: string) => Array.from(token, (c) => alphabet[c.charCodeAt(0)]).join("");
  const merges: string[] = [];
  for (const [token, rank] of vocab) {
    const [left, right] = parts(token, rank, vocab);
    if (right !== undefined) merges.push(`${spell(left!)} ${spell(right)}`);
  }
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries([...vocab].map(([token, rank]) => [spell(token), rank])),
      merges,
    },
  });
}

/** What a token was merged from: what is left of it under the ranks below its own. */
function parts(token: string, rank: number, vocab: ReadonlyMap<string, number>): string[] {
  const symbols = token.split("");
  while (symbols.length > 2) {
    let best = rank;
    let at = -1;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const found = vocab.get(symbols[i]! + symbols[i + 1]!) ?? Infinity;
      if (found < best) [best, at] = [found, i];
    }
    if (at < 0) return symbols.slice(0, 1);
    symbols.splice(at, 2, symbols[at]! + symbols[at + 1]!);
  }
  return symbols;
}
