import { callBehind, denoVariants, javascript } from "./javascript.ts";
import type { Language } from "./language.ts";

const { prepare: _scriptsOnly, ...base } = javascript;

export const typescript: Language = {
  ...base,
  name: "typescript",
  package: "",
  source: "main.ts",
  variants: denoVariants,
  hello: 'const text: string = "hello"; console.log(text);',
  syntaxError: /SyntaxError: |The module's source code could not be parsed/,
  call: (call) => callBehind(call, "main.ts"),
};
