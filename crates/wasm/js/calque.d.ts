/** What every function of this package throws; `code` is stable and kebab-case. */
export class CalqueError extends Error {
  constructor(code: string, message: string);
  readonly code: string;
}

/** Fetches the module (or takes bytes, a Response, a URL or a compiled module) and makes the package usable. */
export function init(
  source?: Uint8Array<ArrayBuffer> | ArrayBuffer | WebAssembly.Module | Response | URL | string,
): Promise<void>;
/** The same at once. */
export function initSync(module: Uint8Array<ArrayBuffer> | ArrayBuffer | WebAssembly.Module): void;

export interface DecodeStream {
  /** The text that these ids complete; never half a character. */
  push(ids: Uint32Array): string;
  /** What is left: nothing, or U+FFFD for a character that never became whole. */
  end(): string;
}

/** A byte-level BPE tokenizer. Its memory is the module's: free it, or let `using` do so. */
export class Tokenizer {
  private constructor();
  /** Loads a Hugging Face `tokenizer.json`; a component that is not implemented is an error that names it. */
  static fromJSON(json: string | Uint8Array): Tokenizer;
  /** One more than the largest id. */
  readonly vocabSize: number;
  /** `special` (default true) lets the post-processor add its tokens. */
  encode(text: string, options?: { readonly special?: boolean }): Uint32Array<ArrayBuffer>;
  /** UTF-8; bytes that are none become U+FFFD. */
  encodeBytes(bytes: Uint8Array, options?: { readonly special?: boolean }): Uint32Array<ArrayBuffer>;
  /** Offsets are `[start, end)` in bytes of the text's UTF-8. */
  encodeWithOffsets(
    text: string,
    options?: { readonly special?: boolean },
  ): { readonly ids: Uint32Array<ArrayBuffer>; readonly offsets: [start: number, end: number][] };
  decode(ids: Uint32Array, options?: { readonly skipSpecial?: boolean }): string;
  /** Number of ids, without those that the post-processor adds. */
  count(text: string): number;
  /** Id of an added token by its content, or of a vocabulary entry by the text it decodes to. */
  tokenId(token: string): number | undefined;
  decodeStream(options?: { readonly skipSpecial?: boolean }): DecodeStream;
  /** May be called twice; use afterwards throws. */
  free(): void;
  [Symbol.dispose](): void;
}

/** Trains on texts and returns a `tokenizer.json`; special tokens get the first ids, then the 256 bytes. */
export function trainTokenizer(options: {
  readonly texts: readonly string[];
  readonly vocabSize: number;
  readonly special?: readonly string[];
  readonly preTokenizer?: "gpt2" | "gpt2-digits" | "llama3" | "qwen2" | "o200k";
  /** Pairs seen fewer times are not merged; default 2. */
  readonly minFrequency?: number;
}): string;

/** What a function did on one input. */
export type Outcome = Readonly<Record<string, unknown>> | string;

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
}

/** Decides how `target` relates to `source`; without target, source holds `@src` and `@tgt`. */
export function check(source: string, target?: string, options?: CheckOptions): Verdict;

/** One function of LLVM IR text in canonical short form: no metadata, attributes, alignment or comments. */
export function stripIr(ir: string, functionName?: string): string;
