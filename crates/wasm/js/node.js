// @ts-self-types="./calque.d.ts"
// Deno, Node and Bun: the module lies beside this file.
import { readFileSync } from "node:fs";
import { initSync } from "./calque.js";

initSync(readFileSync(new URL("./calque_wasm_bg.wasm", import.meta.url)));

export { CalqueError, Check, check, stripIr, Tokenizer, trainTokenizer } from "./calque.js";
