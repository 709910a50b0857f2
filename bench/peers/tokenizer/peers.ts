/**
 * The tokenizers that ours is measured beside, each by its documented fast path. They are installed in this folder
 * only; the project does not depend on them.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

export interface Opened {
  readonly name: string;
  readonly kind: "WebAssembly" | "JavaScript";
  /** From nothing but the bytes of its files to the ids of a first letter; code included where it comes with data. */
  readonly load_ms: number;
  encode(text: string): ArrayLike<number>;
}

const folder = new URL("./node_modules/", import.meta.url);
export const installed = existsSync(folder);

/** OpenAI's cl100k, which `gpt-tokenizer` carries as a file. */
export const readRanks = (): Promise<Uint8Array<ArrayBuffer>> =>
  readFile(new URL("gpt-tokenizer/data/cl100k_base.tiktoken", folder));

const versionOf = async (name: string): Promise<string> =>
  JSON.parse(await readFile(new URL(`${name}/package.json`, folder), "utf8")).version;

const timed = <T>(make: () => T): readonly [T, number] => {
  const start = performance.now();
  const made = make();
  return [made, performance.now() - start];
};

interface Tiktoken {
  get_encoding(name: string): { encode(text: string): Uint32Array };
}
interface GptTokenizer {
  encode(text: string): number[];
}
interface Kitoken {
  readonly Kitoken: Record<
    "from_tokenizers" | "from_tiktoken",
    (file: Uint8Array) => {
      encode(text: string): Uint32Array;
    }
  >;
}
interface HuggingFace {
  readonly Tokenizer: new (
    json: object,
    config: object,
  ) => { encode(text: string): { ids: number[] } };
}

/** All of them, loaded with cl100k. */
export async function openPeers(ranks: Uint8Array, json: Uint8Array): Promise<readonly Opened[]> {
  // Named at run time: the type checker must pass where they are not installed.
  const load = <T>(name: string): Promise<T> => import(name);
  const tiktoken = await load<Tiktoken>("tiktoken");
  const { Kitoken } = await load<Kitoken>("kitoken/node");
  const { Tokenizer } = await load<HuggingFace>("@huggingface/tokenizers");

  const [encoding, tiktoken_ms] = timed(() => {
    const encoding = tiktoken.get_encoding("cl100k_base");
    encoding.encode("x");
    return encoding;
  });
  const start = performance.now();
  const gpt = await load<GptTokenizer>("gpt-tokenizer/encoding/cl100k_base");
  gpt.encode("x");
  const gpt_ms = performance.now() - start;
  const [fromJson, fromJson_ms] = timed(() => {
    const loaded = Kitoken.from_tokenizers(json);
    loaded.encode("x");
    return loaded;
  });
  const [fromRanks, fromRanks_ms] = timed(() => {
    const loaded = Kitoken.from_tiktoken(ranks);
    loaded.encode("x");
    return loaded;
  });
  const [huggingFace, huggingFace_ms] = timed(() => {
    const loaded = new Tokenizer(JSON.parse(new TextDecoder().decode(json)), {});
    loaded.encode("x");
    return loaded;
  });
  const kitoken = await versionOf("kitoken");
  return [
    {
      name: `tiktoken ${await versionOf("tiktoken")}`,
      kind: "WebAssembly",
      load_ms: tiktoken_ms,
      encode: (text) => encoding.encode(text),
    },
    {
      name: `kitoken ${kitoken}, tokenizer.json`,
      kind: "WebAssembly",
      load_ms: fromJson_ms,
      encode: (text) => fromJson.encode(text),
    },
    {
      name: `kitoken ${kitoken}, .tiktoken`,
      kind: "WebAssembly",
      load_ms: fromRanks_ms,
      encode: (text) => fromRanks.encode(text),
    },
    {
      name: `gpt-tokenizer ${await versionOf("gpt-tokenizer")}`,
      kind: "JavaScript",
      load_ms: gpt_ms,
      encode: (text) => gpt.encode(text),
    },
    {
      name: `@huggingface/tokenizers ${await versionOf("@huggingface/tokenizers")}`,
      kind: "JavaScript",
      load_ms: huggingFace_ms,
      encode: (text) => huggingFace.encode(text).ids,
    },
  ];
}
