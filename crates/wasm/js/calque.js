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

/** Whatever the platform says of a module that cannot be fetched, compiled or linked. */
const unusable = (error) => new CalqueError("bad-module", `the module cannot be used: ${error}`);

/** Fetches or takes the module (bytes, Response, URL or WebAssembly.Module) and makes the package usable. */
export const init = async (source) => {
  if (ready) return;
  try {
    await raw.default({ module_or_path: source ?? new URL("./calque_wasm_bg.wasm", import.meta.url) });
  } catch (error) {
    throw unusable(error);
  }
  ready = true;
};

/** The same at once, from bytes or a compiled `WebAssembly.Module`. */
export const initSync = (module) => {
  if (ready) return;
  try {
    raw.initSync({ module });
  } catch (error) {
    throw unusable(error);
  }
  ready = true;
};

/** Calls into the module; its own errors are two lines, code and message. */
const call = (use) => {
  if (!ready) throw new CalqueError("not-initialised", "call init() or initSync() first");
  try {
    return use();
  } catch (error) {
    if (error instanceof CalqueError) throw error;
    // A trap: no input is known to lead to one but for a lack of memory.
    if (typeof error !== "string") throw new CalqueError("internal", String(error));
    const line = error.indexOf("\n");
    throw new CalqueError(error.slice(0, line), error.slice(line + 1));
  }
};

/**
 * Lengths that the module's memory holds with everything made of them: characters of a text, bytes of a text or
 * a file, ids. Beyond them an error comes before the copy, so that the instance goes on working.
 */
const most = { text: 2 ** 26, located: 2 ** 24, bytes: 2 ** 27, ids: 2 ** 27 };

const fits = (length, limit, what) => {
  if (length > limit) throw new CalqueError("too-large", `${what}: ${length} is more than ${limit}`);
};

const text = (value, what, limit = most.text) => {
  if (typeof value !== "string") throw new CalqueError("bad-argument", `${what} must be a string`);
  fits(value.length, limit, `length of ${what}`);
  return value;
};

const ids = (value) => {
  if (!(value instanceof Uint32Array)) {
    throw new CalqueError("bad-argument", "ids must be a Uint32Array");
  }
  fits(value.length, most.ids, "number of ids");
  return value;
};

const bytes = (value, what) => {
  if (!(value instanceof Uint8Array)) {
    throw new CalqueError("bad-argument", `${what} must be a Uint8Array`);
  }
  fits(value.length, most.bytes, `bytes of ${what}`);
  return value;
};

const file = (value, what) =>
  bytes(typeof value === "string" ? new TextEncoder().encode(text(value, what)) : value, what);

/** Strings of an array, or of anything that gives them in turn; a single string is not meant. */
const strings = (value, what) => {
  if (typeof value === "string" || typeof value?.[Symbol.iterator] !== "function") {
    throw new CalqueError("bad-option", `${what} must be a list of strings`);
  }
  return value;
};

/** A whole number from 0 on; `undefined` for anything else. */
const whole = (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32;

const options = (given, known) => {
  if (typeof given !== "object" || given === null) {
    throw new CalqueError("bad-option", "options must be an object");
  }
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) throw new CalqueError("bad-option", `unknown option "${key}"`);
  }
  return given;
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
    const content = file(json, "tokenizer.json");
    return new Tokenizer(call(() => raw.RawTokenizer.load(content)));
  }

  static fromTiktoken(ranks, given = {}) {
    const { encoding, pattern, special = {} } = options(given, ["encoding", "pattern", "special"]);
    if (encoding !== undefined) text(encoding, "encoding");
    if (pattern !== undefined) text(pattern, "pattern");
    const tokens = Object.keys(special);
    if (!tokens.every((token) => whole(special[token]))) {
      throw new CalqueError("bad-option", "special must hold token ids");
    }
    if (tokens.length > 0 && (pattern === undefined || encoding !== undefined)) {
      throw new CalqueError("bad-option", "special goes with a pattern; an encoding has its own");
    }
    const content = file(ranks, "ranks");
    const places = Uint32Array.from(tokens, (token) => special[token]);
    return new Tokenizer(
      call(() => raw.RawTokenizer.load_ranks(content, encoding, pattern, tokens, places)),
    );
  }

  get #open() {
    if (this.#raw === undefined) throw new CalqueError("freed", "this tokenizer was freed");
    return this.#raw;
  }

  get vocabSize() {
    return this.#open.vocab_size();
  }

  get addedTokens() {
    const handle = this.#open;
    const places = handle.added_ids();
    return handle.added_texts().map((content, i) => ({
      id: places[2 * i],
      content,
      special: places[2 * i + 1] === 1,
    }));
  }

  encode(value, given = {}) {
    const { special = true } = options(given, ["special"]);
    const handle = this.#open;
    return call(() => handle.encode(text(value, "text"), special));
  }

  encodeBytes(value, given = {}) {
    const { special = true } = options(given, ["special"]);
    const handle = this.#open;
    return call(() => handle.encode_bytes(bytes(value, "bytes"), special));
  }

  encodeBatch(texts, given = {}) {
    const { special = true } = options(given, ["special"]);
    const handle = this.#open;
    if (!Array.isArray(texts)) throw new CalqueError("bad-argument", "texts must be an array");
    fits(texts.reduce((sum, value) => sum + text(value, "text").length, 0), most.text, "characters");
    const encoder = new TextEncoder();
    const parts = texts.map((value) => encoder.encode(value));
    const ends = new Uint32Array(parts.length);
    let length = 0;
    parts.forEach((part, i) => ends[i] = length += part.length);
    const joined = new Uint8Array(length);
    parts.forEach((part, i) => joined.set(part, ends[i] - part.length));
    const found = call(() => handle.encode_batch(joined, ends, special));
    let start = parts.length;
    return parts.map((_, i) => found.subarray(start, start += found[i]));
  }

  encodeWithOffsets(value, given = {}) {
    const { special = true, unit = "bytes" } = options(given, ["special", "unit"]);
    const handle = this.#open;
    if (unit !== "bytes" && unit !== "utf16") {
      throw new CalqueError("bad-option", 'unit must be "bytes" or "utf16"');
    }
    const triples = call(() =>
      handle.encode_with_offsets(text(value, "text", most.located), special, unit === "utf16")
    );
    const count = triples.length / 3;
    const found = new Uint32Array(count);
    const offsets = new Uint32Array(2 * count);
    for (let i = 0; i < count; i++) {
      found[i] = triples[3 * i];
      offsets[2 * i] = triples[3 * i + 1];
      offsets[2 * i + 1] = triples[3 * i + 2];
    }
    return { ids: found, offsets };
  }

  truncate(value, tokens) {
    const handle = this.#open;
    if (!whole(tokens)) throw new CalqueError("bad-argument", "tokens must be a whole number");
    const units = call(() => handle.truncate(text(value, "text", most.located), tokens));
    return value.slice(0, units);
  }

  decode(value, given = {}) {
    const { skipSpecial = false } = options(given, ["skipSpecial"]);
    const handle = this.#open;
    return call(() => handle.decode(ids(value), skipSpecial));
  }

  count(value) {
    const handle = this.#open;
    return call(() => handle.count(text(value, "text")));
  }

  tokenId(value) {
    const handle = this.#open;
    return call(() => handle.token_id(text(value, "token")));
  }

  decodeStream(given = {}) {
    const { skipSpecial = false } = options(given, ["skipSpecial"]);
    const handle = this.#open;
    let stream = handle.decode_stream(skipSpecial);
    const running = () => {
      if (stream === undefined) throw new CalqueError("freed", "this stream has ended");
      return stream;
    };
    const free = () => {
      stream?.free();
      stream = undefined;
    };
    return {
      push: (value) => {
        const open = this.#open;
        return call(() => running().push(open, ids(value)));
      },
      end: () => {
        const rest = call(() => running().end());
        free();
        return rest;
      },
      [Symbol.dispose]: free,
    };
  }

  free() {
    const handle = this.#raw;
    this.#raw = undefined;
    if (handle !== undefined) call(() => handle.free());
  }

  [Symbol.dispose]() {
    this.free();
  }
}

const trainOptions = ["texts", "vocabSize", "special", "preTokenizer", "minFrequency"];

/** Trains a byte-level BPE tokenizer on texts and returns its `tokenizer.json`. */
export const trainTokenizer = (given) => {
  const { texts, vocabSize, special = [], preTokenizer = "gpt2", minFrequency = 2 } = options(
    given,
    trainOptions,
  );
  if (!whole(vocabSize) || !whole(minFrequency)) {
    throw new CalqueError("bad-option", "vocabSize and minFrequency must be whole numbers");
  }
  strings(texts, "texts");
  const tokens = Array.from(strings(special, "special"), (token) => text(token, "special token"));
  const trainer = call(() =>
    raw.RawTrainer.open(vocabSize, minFrequency, text(preTokenizer, "preTokenizer"), tokens)
  );
  try {
    for (const value of texts) trainer.feed(text(value, "text"));
  } catch (error) {
    trainer.free();
    throw error;
  }
  return call(() => trainer.finish());
};

/** A comparison that is done piece by piece. */
export class Check {
  #raw;
  #verdict;

  constructor(source, target, given = {}) {
    const { function: name, relation = "refines", unroll = 0, assume = [], signature } = options(given, [
      "function",
      "relation",
      "unroll",
      "assume",
      "signature",
    ]);
    if (!Number.isInteger(unroll) || unroll < 0 || unroll > 1024) {
      throw new CalqueError("bad-option", "unroll must be an integer from 0 to 1024");
    }
    const texts = [text(source, "source"), text(target ?? "", "target")];
    const assumed = Array.from(strings(assume, "assume"), (one) => text(one, "assumption"));
    this.#raw = call(() =>
      raw.RawCheck.open(...texts, name, relation, unroll, assumed, signature)
    );
  }

  step() {
    if (this.#verdict !== undefined) return this.#verdict;
    const handle = this.#raw;
    if (handle === undefined) throw new CalqueError("freed", "this check was freed");
    const verdict = call(() => handle.step());
    if (verdict === undefined) return undefined;
    this.free();
    return this.#verdict = JSON.parse(verdict);
  }

  free() {
    const handle = this.#raw;
    this.#raw = undefined;
    if (handle !== undefined) call(() => handle.free());
  }

  [Symbol.dispose]() {
    this.free();
  }
}

/** Decides how `target` relates to `source`; without target, source holds `@src` and `@tgt`. */
export const check = (source, target, given) => {
  const running = new Check(source, target, given);
  try {
    for (;;) {
      const verdict = running.step();
      if (verdict !== undefined) return verdict;
    }
  } finally {
    running.free();
  }
};

/** One function of LLVM IR text in canonical short form, with those that it calls: no metadata, attributes, alignment or comments. */
export const stripIr = (ir, functionName) =>
  call(() => raw.strip_ir(text(ir, "ir"), functionName));
