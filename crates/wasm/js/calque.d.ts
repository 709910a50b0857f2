/** What every function of this package throws; `code` is stable and kebab-case. */
export class CalqueError extends Error {
  constructor(code: string, message: string);
  readonly code: string;
}

/** Fetches the module (or takes bytes, a Response, a URL or a compiled module) and makes the package usable. */
export function init(
  source?: Uint8Array<ArrayBuffer> | ArrayBuffer | WebAssembly.Module | Response | URL | string,
): Promise<void>;
/** The same at once. Either throws `bad-module` for what is no module, or not this one. */
export function initSync(module: Uint8Array<ArrayBuffer> | ArrayBuffer | WebAssembly.Module): void;

/** Decodes ids that come in parts. Its few bytes are freed by `end`, by `using`, or with the garbage. */
export interface DecodeStream {
  /** The text that these ids complete; never half a character. */
  push(ids: Uint32Array): string;
  /** What is left: nothing, or U+FFFD for a character that never became whole. */
  end(): string;
  [Symbol.dispose](): void;
}

/** The encodings whose rank files are published. */
export type PublishedEncoding =
  | "gpt2"
  | "r50k_base"
  | "p50k_base"
  | "p50k_edit"
  | "cl100k_base"
  | "o200k_base"
  | "o200k_harmony";

/** How text is split before it is merged. */
export type PreTokenizer =
  | "gpt2"
  | "gpt2-digits"
  | "llama3"
  | "cl100k"
  | "qwen2"
  | "o200k"
  | "deepseek-coder";

/** What a `.tiktoken` file does not say; a published one is recognised by the number of its ranks. */
export interface TiktokenOptions {
  readonly encoding?: PublishedEncoding;
  /** Instead of `encoding`: a pre-tokenizer's name or a pattern. */
  readonly pattern?: PreTokenizer | (string & {});
  /** With `pattern`: special tokens and their ids. */
  readonly special?: Readonly<Record<string, number>>;
}

/**
 * A byte-level BPE tokenizer. Its memory is the module's: free it, or let `using` do so.
 *
 * Texts of up to 2^26 UTF-16 units (2^24 where places are asked for), files of up to 2^27 bytes and up to 2^27 ids
 * are taken; more is a `CalqueError` with code `too-large`.
 */
export class Tokenizer {
  private constructor();
  /** Loads a Hugging Face `tokenizer.json`; a component that is not implemented is an error that names it. */
  static fromJSON(json: string | Uint8Array): Tokenizer;
  /** Loads `.tiktoken` ranks. Special tokens are found in texts, as `allowed_special="all"` has it. */
  static fromTiktoken(ranks: string | Uint8Array, options?: TiktokenOptions): Tokenizer;
  /** One more than the largest id. */
  readonly vocabSize: number;
  /** In the order of their ids. */
  readonly addedTokens: readonly {
    readonly id: number;
    readonly content: string;
    /** Whether `skipSpecial` leaves it out. */
    readonly special: boolean;
  }[];
  /** `special` (default true) lets the post-processor add its tokens. Lone surrogates are read as U+FFFD. */
  encode(text: string, options?: { readonly special?: boolean }): Uint32Array<ArrayBuffer>;
  /** UTF-8; bytes that are none become U+FFFD. */
  encodeBytes(bytes: Uint8Array, options?: { readonly special?: boolean }): Uint32Array<ArrayBuffer>;
  /** The ids of every text, as views of one buffer: many short texts in one call. */
  encodeBatch(
    texts: readonly string[],
    options?: { readonly special?: boolean },
  ): Uint32Array<ArrayBuffer>[];
  /**
   * `offsets` holds two numbers for each id, `[start, end)` of its text: in bytes of the text's UTF-8 (default), or
   * in UTF-16 units, where a token that is a part of a character has the place of all of it.
   */
  encodeWithOffsets(
    text: string,
    options?: { readonly special?: boolean; readonly unit?: "bytes" | "utf16" },
  ): { readonly ids: Uint32Array<ArrayBuffer>; readonly offsets: Uint32Array<ArrayBuffer> };
  decode(ids: Uint32Array, options?: { readonly skipSpecial?: boolean }): string;
  /** Number of ids, without those that the post-processor adds. */
  count(text: string): number;
  /** The longest start of the text that is at most so many ids and ends with a token and with a whole character. */
  truncate(text: string, tokens: number): string;
  /** Id of an added token by its content, or of a vocabulary entry by the text it decodes to. */
  tokenId(token: string): number | undefined;
  decodeStream(options?: { readonly skipSpecial?: boolean }): DecodeStream;
  /** May be called twice; use afterwards throws. */
  free(): void;
  [Symbol.dispose](): void;
}

/**
 * Trains on texts and returns a `tokenizer.json`; special tokens get the first ids, then the 256 bytes. Of pairs that
 * are equally frequent the one with the smaller ids is merged first, as Hugging Face's trainer does.
 */
export function trainTokenizer(options: {
  /** Taken one by one: they need not be in memory together. */
  readonly texts: Iterable<string>;
  readonly vocabSize: number;
  readonly special?: readonly string[];
  /** Default `gpt2`. */
  readonly preTokenizer?: PreTokenizer;
  /** Pairs seen fewer times are not merged; default 2. */
  readonly minFrequency?: number;
}): string;

/** What a function did on one input. */
export type Outcome = Readonly<Record<string, unknown>> | string;

/** An instruction of a text, and what it gave. */
export interface PartingPlace {
  /** One-based. */
  readonly line: number;
  readonly instruction: string;
  /** Absent where it gives nothing, or ended the run. */
  readonly value?: string;
}

export interface Verdict {
  readonly verdict: "proved" | "refuted" | "unknown";
  readonly method?: string;
  /** Absent only for an unbounded proof. */
  readonly bounds?: Readonly<Record<string, number>>;
  readonly assumptions?: readonly string[];
  readonly counterexample?: {
    readonly arguments: Readonly<Record<string, unknown>>;
    readonly memory?: unknown;
    readonly source: Outcome;
    readonly target: Outcome;
    /** The first instruction of each side that computes, on this input, what the other side never does, if there is one. */
    readonly parts_at?: { readonly source?: PartingPlace; readonly target?: PartingPlace };
  };
  /** With `unknown`: a stable code such as `budget`, `loop-bound`, `memory-model`. */
  readonly reason?: string;
  readonly detail?: string;
}

export interface CheckOptions {
  /** Default: the only defined function of each side, or `src` and `tgt`. */
  readonly function?: string;
  /** Default `refines`. */
  readonly relation?: "refines" | "equivalent" | "agrees";
  /** Iterations to unroll loops that no unbounded proof covers; default 0. */
  readonly unroll?: number;
  readonly assume?: readonly ("noundef-arguments" | "disjoint-arguments")[];
  /**
   * What both functions take and give where their languages pass it differently: `slice<i32>, i32 -> option<i32>`, of `i8` to
   * `i128`, `f32`, `f64`, `bool`, `slice<T>`, `out<T>`, and as a result `option<T>` and `()`.
   */
  readonly signature?: string;
}

/** Decides how `target` relates to `source`; without target, source holds `@src` and `@tgt`. */
export function check(source: string, target?: string, options?: CheckOptions): Verdict;

/**
 * The same in pieces, for who has something else to do in between or wants to stop: a `step` is mostly some milliseconds of work,
 * of large functions up to some seconds. The pieces are always the same, and so is the verdict.
 */
export class Check {
  /** Takes the question; nothing is decided yet. */
  constructor(source: string, target?: string, options?: CheckOptions);
  /** Does the next piece; the verdict once there is one. */
  step(): Verdict | undefined;
  /** May be called twice; a step afterwards throws, unless there is a verdict. */
  free(): void;
  [Symbol.dispose](): void;
}

/**
 * One function of LLVM IR text in canonical short form, with the functions that it calls: no metadata, attributes, alignment or
 * comments.
 */
export function stripIr(ir: string, functionName?: string): string;
