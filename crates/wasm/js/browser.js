// Pages and bundlers: the module is fetched from beside this file before the import resolves.
import { init } from "./calque.js";

await init();

export { CalqueError, Check, check, stripIr, Tokenizer, trainTokenizer } from "./calque.js";
