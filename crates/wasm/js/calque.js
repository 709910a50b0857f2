// The public interface over the raw module; every entry (Node, browser, worker, slim) uses this file.
import * as raw from "./calque_wasm.js";

/** What every function of this package throws; `code` is stable and kebab-case. */
export class CalqueError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "CalqueError";
    this.code = code;
  }
}

let ready = false;

/** Fetches or takes the module (bytes, Response, URL or WebAssembly.Module) and makes the package usable. */
export const init = async (source) => {
  if (ready) return;
  await raw.default({ module_or_path: source ?? new URL("./calque_wasm_bg.wasm", import.meta.url) });
  ready = true;
};

/** The same at once, from bytes or a compiled `WebAssembly.Module`. */
export const initSync = (module) => {
  if (ready) return;
  raw.initSync({ module });
  ready = true;
};

/** Calls into the module; its errors are two lines, code and message. */
const call = (use) => {
  if (!ready) throw new CalqueError("not-initialised", "call init() or initSync() first");
  try {
    return use();
  } catch (error) {
    if (typeof error !== "string") throw error;
    const line = error.indexOf("\n");
    throw new CalqueError(error.slice(0, line), error.slice(line + 1));
  }
};

const text = (value, what) => {
  if (typeof value === "string") return value;
  throw new CalqueError("bad-argument", `${what} must be a string`);
};

const ids = (value) => {
  if (value instanceof Uint32Array) return value;
  throw new CalqueError("bad-argument", "ids must be a Uint32Array");
};

export class Tokenizer {
  #raw;

  constructor(handle) {
    if (!(handle instanceof raw.RawTokenizer)) {
      throw new CalqueError("bad-argument", "use Tokenizer.fromJSON");
    }
    this.#raw = handle;
  }

  static fromJSON(json) {
    if (typeof json !== "string" && !(json instanceof Uint8Array)) {
      throw new CalqueError("bad-argument", "tokenizer.json must be a string or a Uint8Array");
    }
    const bytes = typeof json === "string" ? new TextEncoder().encode(json) : json;
    return new Tokenizer(call(() => raw.RawTokenizer.load(bytes)));
  }

  get #open() {
    if (this.#raw === undefined) throw new CalqueError("freed", "this tokenizer was freed");
    return this.#raw;
  }

  get vocabSize() {
    return this.#open.vocab_size();
  }

  encode(value, { special = true } = {}) {
    const handle = this.#open;
    return call(() => handle.encode(text(value, "text"), special));
  }

  encodeBytes(bytes, { special = true } = {}) {
    if (!(bytes instanceof Uint8Array)) {
      throw new CalqueError("bad-argument", "bytes must be a Uint8Array");
    }
    const handle = this.#open;
    return call(() => handle.encode_bytes(bytes, special));
  }

  encodeWithOffsets(value, { special = true } = {}) {
    const handle = this.#open;
    const triples = call(() => handle.encode_with_offsets(text(value, "text"), special));
    const count = triples.length / 3;
    const found = new Uint32Array(count);
    const offsets = new Array(count);
    for (let i = 0; i < count; i++) {
      found[i] = triples[3 * i];
      offsets[i] = [triples[3 * i + 1], triples[3 * i + 2]];
    }
    return { ids: found, offsets };
  }

  decode(value, { skipSpecial = false } = {}) {
    const handle = this.#open;
    return call(() => handle.decode(ids(value), skipSpecial));
  }

  count(value) {
    const handle = this.#open;
    return call(() => handle.count(text(value, "text")));
  }

  tokenId(value) {
    return this.#open.token_id(text(value, "token"));
  }

  decodeStream({ skipSpecial = false } = {}) {
    const handle = this.#open;
    const stream = handle.decode_stream(skipSpecial);
    return {
      push: (value) => {
        const open = this.#open;
        return call(() => stream.push(open, ids(value)));
      },
      end: () => stream.end(),
    };
  }

  free() {
    this.#raw?.free();
    this.#raw = undefined;
  }

  [Symbol.dispose]() {
    this.free();
  }
}

/** Trains a byte-level BPE tokenizer on texts and returns its `tokenizer.json`. */
export const trainTokenizer = (
  { texts, vocabSize, special = [], preTokenizer = "gpt2", minFrequency = 2 },
) => call(() => raw.train(texts, vocabSize, minFrequency, preTokenizer, special));

const checkOptions = new Set(["function", "relation", "unroll", "assume"]);

/** Decides how `target` relates to `source`; without target, source holds `@src` and `@tgt`. */
export const check = (source, target, options = {}) => {
  for (const key of Object.keys(options)) {
    if (!checkOptions.has(key)) throw new CalqueError("bad-option", `unknown option "${key}"`);
  }
  const { relation = "refines", unroll = 0, assume = [] } = options;
  if (!Number.isInteger(unroll) || unroll < 0 || unroll > 1024) {
    throw new CalqueError("bad-option", "unroll must be an integer from 0 to 1024");
  }
  return JSON.parse(
    call(() =>
      raw.check(
        text(source, "source"),
        text(target ?? "", "target"),
        options.function,
        relation,
        unroll,
        [...assume],
      )
    ),
  );
};

/** One function of LLVM IR text in canonical short form: no metadata, attributes, alignment or comments. */
export const stripIr = (ir, functionName) =>
  call(() => raw.strip_ir(text(ir, "ir"), functionName));
