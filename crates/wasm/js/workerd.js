// Workers that may not compile bytes: the platform hands over a compiled module.
import module from "./calque_wasm_bg.wasm";
import { initSync } from "./calque.js";

initSync(module);

export { CalqueError, Check, check, stripIr, Tokenizer, trainTokenizer } from "./calque.js";
