/**
 * The Rust crates, through their one WebAssembly module: tokenizers and the IR-equivalence checker.
 * The module is loaded when this file is imported; `just build-wasm` makes it.
 */
export {
  CalqueError,
  Check,
  check,
  stripIr,
  Tokenizer,
  trainTokenizer,
} from "../../crates/wasm/pkg/node.js";
export type { CheckOptions, DecodeStream, Verdict } from "../../crates/wasm/pkg/calque.d.ts";
