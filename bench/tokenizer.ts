/**
 * Speed of the tokenizer in WebAssembly, one thread, beside its peers in one run: OpenAI's cl100k over the
 * project's TypeScript and Rust and over LLVM IR; then what a megabyte of hostile text costs.
 *
 *     npm install --prefix bench/peers/tokenizer
 *     just bench tokenizer [--json]
 *
 * Without the peers the bundled model's tokenizer is measured alone.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { Tokenizer } from "../ts/wasm/mod.ts";
import { toTokenizerJson } from "./peers/tokenizer/huggingface.ts";
import { installed, type Opened, openPeers, readRanks } from "./peers/tokenizer/peers.ts";
import { hostileTexts, realTexts } from "./tokenizer/texts.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false } },
});

/** Least milliseconds of several calls that together take a second or so. */
const best = (use: () => void, rounds = 12, enough_ms = 1500): number => {
  let least_ms = Infinity;
  let sum_ms = 0;
  for (let i = 0; i < rounds && (i < 2 || sum_ms < enough_ms); i++) {
    const start = performance.now();
    use();
    const took_ms = performance.now() - start;
    sum_ms += took_ms;
    least_ms = Math.min(least_ms, took_ms);
  }
  return least_ms;
};

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Ours, from one of the two kinds of file. */
const open = (name: string, make: () => Tokenizer): Opened & { readonly tokenizer: Tokenizer } => {
  // The first load also compiles the module's functions; a page that loads one tokenizer waits for that one.
  const start = performance.now();
  const tokenizer = make();
  tokenizer.encode("x");
  const load_ms = performance.now() - start;
  return {
    name,
    kind: "WebAssembly",
    load_ms,
    tokenizer,
    encode: (text) => tokenizer.encode(text),
  };
};

const ours: ReturnType<typeof open>[] = [];
let peers: readonly Opened[] = [];
if (installed) {
  const ranks = await readRanks();
  const json = new TextEncoder().encode(toTokenizerJson(new TextDecoder().decode(ranks)));
  ours.push(open("calque, tokenizer.json", () => Tokenizer.fromJSON(json)));
  ours.push(open("calque, .tiktoken", () => Tokenizer.fromTiktoken(ranks)));
  peers = await openPeers(ranks, json);
} else {
  console.warn("SKIPPED: the peers; npm install --prefix bench/peers/tokenizer brings them");
  const json = await readFile(new URL("../assets/seed/tokenizer.json", import.meta.url));
  ours.push(open("calque, bundled tokenizer.json", () => Tokenizer.fromJSON(json)));
}

const texts = await realTexts();
const rows = [...ours, ...peers].map(({ name, kind, load_ms, encode }) => ({
  name,
  kind,
  load_ms,
  texts: Object.entries(texts).map(([text, value]) => {
    const megabytes = bytesOf(value) / 1e6;
    const start = performance.now();
    const ids = Array.from(encode(value));
    const first_ms = performance.now() - start;
    const expected = ours[0]!.encode(value);
    return {
      text,
      megabytes,
      tokens: ids.length,
      same_ids: ids.length === expected.length && ids.every((id, i) => id === expected[i]),
      first_mb_per_s: megabytes / (first_ms / 1000),
      mb_per_s: megabytes / (best(() => void encode(value)) / 1000),
    };
  }),
}));

/** What must be beaten: the best peer of a kind on each text. */
const ratios = Object.keys(texts).map((text, i) => {
  const bestOf = (kind: Opened["kind"]): number =>
    Math.max(
      ...rows.slice(ours.length).filter((row) => row.kind === kind).map((row) =>
        row.texts[i]!.mb_per_s
      ),
    );
  const own = rows[0]!.texts[i]!.mb_per_s;
  return { text, of_wasm: own / bestOf("WebAssembly"), of_javascript: own / bestOf("JavaScript") };
});

const normal = rows[0]!.texts[0]!.mb_per_s;
const hostile = ours.flatMap(({ name, encode }) =>
  Object.entries(hostileTexts).map(([text, value]) => {
    const ms = best(() => void encode(value), 5);
    const mb_per_s = bytesOf(value) / 1e3 / ms;
    return { name, text, ms, times_slower_than_source: normal / mb_per_s };
  })
);
const decode = Object.entries(texts).map(([text, value]) => {
  const { tokenizer } = ours[0]!;
  const ids = tokenizer.encode(value);
  return { text, mb_per_s: bytesOf(value) / 1e3 / best(() => void tokenizer.decode(ids)) };
});

if (values.json) {
  console.log(JSON.stringify({ rows, ratios: installed ? ratios : [], hostile, decode }, null, 1));
} else {
  const names = Object.keys(texts);
  const columns = names.map((name) => name.padStart(20)).join("");
  console.log(`${"MB/s, best [first pass]".padEnd(34)}${columns}${"load ms".padStart(10)}`);
  for (const row of rows) {
    const cells = row.texts.map((t) =>
      `${t.mb_per_s.toFixed(1)} [${t.first_mb_per_s.toFixed(1)}]${t.same_ids ? " " : "*"}`
        .padStart(20)
    ).join("");
    console.log(`${row.name.padEnd(34)}${cells}${row.load_ms.toFixed(0).padStart(10)}`);
  }
  if (rows.some((row) => row.texts.some((t) => !t.same_ids))) console.log("* other ids than ours");
  for (const r of installed ? ratios : []) {
    console.log(
      `${r.text}: ${r.of_wasm.toFixed(1)} times the best WebAssembly peer, ` +
        `${r.of_javascript.toFixed(1)} times the best JavaScript one`,
    );
  }
  for (const { text, mb_per_s } of decode) {
    console.log(`decode ${text}: ${mb_per_s.toFixed(0)} MB/s`);
  }
  for (const { name, text, ms, times_slower_than_source: times } of hostile) {
    console.log(
      `${name}: 1 MB of ${text}: ${ms.toFixed(1)} ms, ${times.toFixed(1)} times source's cost`,
    );
  }
}
process.exit(0);
