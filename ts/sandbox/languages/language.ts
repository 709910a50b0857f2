import type { Json, Looseness } from "../json.ts";

/** A programming language, as data: how its programs are built, run, called and asserted. */
export interface Language {
  readonly name: string;
  /** Debian's package that brings it. */
  readonly package: string;
  readonly spelling: "snake_case" | "camelCase" | "PascalCase";
  /** What opens a comment to the end of the line. */
  readonly comment: string;
  /** The program's file name. */
  readonly source: string;
  /** Ways to build and run it, best first; the first that works on this machine is taken. */
  readonly variants: readonly Variant[];
  /** A whole program that prints `hello`. */
  readonly hello: string;
  /** What it needs beyond the program's own limits: a factor of CPU time, MB of a runtime that is large by itself. */
  readonly allowance?: { readonly cpu?: number; readonly memory_mb?: number };
  /** Processes (threads count) that the runtime itself starts. */
  readonly threads?: number;
  /** Flags for the compiler under which a program that meets undefined behaviour ends in a trap. */
  readonly sanitize?: readonly string[];
  /** Found in what an interpreter complains, it means that the program never began. */
  readonly syntaxError?: RegExp;
  /** Found in what a clean run complains, it means that an assertion failed (where that ends nothing). */
  readonly assertionFailed?: RegExp;
  /** How its values stand to JSON's. */
  readonly loose?: Looseness;
  /** A program that calls a function of the code; `undefined` where the language cannot be called so. */
  readonly call?: (call: Call) => Called;
  /** A whole program as it is written to `source`; the same where this is absent. */
  readonly prepare?: (program: string) => string;
  /** The code with a test program behind it; a line between them where this is absent. */
  readonly join?: (code: string, test: string) => string;
  /** The test program with a statement at its end that prints `nonce` on a line of its own. */
  readonly finish: (program: string, nonce: string) => string;
}

export interface Variant {
  /**
   * Commands that must be found, or paths in which `*` stands for any part of a name. Where they lie is put for `{0}`,
   * `{1}` ... in the argument lists and the environment, and the folder of that for `{0:folder}`.
   */
  readonly tools: readonly string[];
  readonly version: readonly string[];
  /** Builds /work; sees it writable. */
  readonly compile?: readonly string[];
  /** The program's own file is put for `{source}`. */
  readonly run: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What of the system its tools need beside themselves and shared libraries, as `visible` reads it. */
  readonly needs?: { readonly build?: readonly string[]; readonly run?: readonly string[] };
  /**
   * Fills the folder /opt/prepared, once on a machine for each version of the tools: what would else be built for every
   * program. Seen as `prepared_at` afterwards.
   */
  readonly prepare?: readonly string[];
  readonly prepared_at?: string;
}

export interface Call {
  readonly code: string;
  readonly name: string;
  /** The arguments of each case. */
  readonly cases: readonly (readonly Json[])[];
  /**
   * Opens a line that is the harness's: `mark ready`, then for case k either `mark k JSON`, or `mark k !text` where
   * the call threw, or `mark k ?text` where the result is no JSON. An own line: a line break goes before it.
   */
  readonly mark: string;
  /** Where the first case stands in the request, for the numbers k. */
  readonly first: number;
  /** Those of the request, the ones before `first` too: a built program that holds them all is built once. */
  readonly all: readonly (readonly Json[])[];
}

export interface Called {
  readonly files: Readonly<Record<string, string>>;
  /** The file to build or run, if it is not the language's `source`. */
  readonly source?: string;
  readonly stdin?: string;
  /** The code cannot be called: why. */
  readonly refused?: string;
}

/** `finish` for languages whose top-level statements run in order. */
export const append = (statement: (nonce: string) => string) => (program: string, nonce: string) =>
  `${program}\n${statement(nonce)}\n`;
