/**
 * Speed of the tokenizer in WebAssembly, one thread: MB/s of text encoded and decoded.
 *
 *     just bench tokenizer [--json] [--tokenizer FILE]
 */
import { readdir, readFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { Tokenizer } from "../ts/wasm/mod.ts";

const root = new URL("..", import.meta.url).pathname;
const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    tokenizer: { type: "string", default: `${root}assets/seed/tokenizer.json` },
  },
});

/** The project's own sources, about as long as asked. */
const sources = async (folder: string, ending: string, chars: number): Promise<string> => {
  let text = "";
  const files = await readdir(root + folder, { recursive: true });
  for (const file of files.filter((f) => f.endsWith(ending)).sort()) {
    text += await readFile(`${root}${folder}/${file}`, "utf8");
  }
  return text.repeat(Math.ceil(chars / Math.max(1, text.length))).slice(0, chars);
};

const best = (rounds: number, use: () => void): number => {
  let least_ms = Infinity;
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    use();
    least_ms = Math.min(least_ms, performance.now() - start);
  }
  return least_ms;
};

const texts: Record<string, string> = {
  typescript: await sources("ts", ".ts", 1_000_000),
  rust: await sources("crates", ".rs", 1_000_000),
  "one letter": "a".repeat(200_000),
  spaces: " ".repeat(200_000),
};
const json = await readFile(values.tokenizer);
const load_ms = best(3, () => Tokenizer.fromJSON(json).free());
const tokenizer = Tokenizer.fromJSON(json);
const rows = Object.entries(texts).map(([text, value]) => {
  const megabytes = new TextEncoder().encode(value).length / 1e6;
  const ids = tokenizer.encode(value);
  return {
    text,
    megabytes,
    tokens: ids.length,
    encode_mb_per_s: megabytes / (best(5, () => void tokenizer.encode(value)) / 1000),
    decode_mb_per_s: megabytes / (best(5, () => void tokenizer.decode(ids)) / 1000),
  };
});

if (values.json) console.log(JSON.stringify({ load_ms, vocab_size: tokenizer.vocabSize, rows }));
else {
  console.log(`load ${load_ms.toFixed(1)} ms, ${tokenizer.vocabSize} entries`);
  for (const r of rows) {
    console.log(
      `${r.text.padEnd(12)} ${r.encode_mb_per_s.toFixed(1).padStart(8)} MB/s encode ` +
        `${r.decode_mb_per_s.toFixed(1).padStart(8)} MB/s decode  ${r.tokens} tokens`,
    );
  }
}
tokenizer.free();
process.exit(0);
