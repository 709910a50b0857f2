import { callBehind, denoVariants, javascript } from "./javascript.ts";
import type { Language } from "./language.ts";

export const typescript: Language = {
  ...javascript,
  name: "typescript",
  package: "",
  source: "main.ts",
  variants: denoVariants,
  hello: 'const text: string = "hello"; console.log(text);',
  syntaxError: /SyntaxError: |The module's source code could not be parsed/,
  call: (call) => callBehind(call, "main.ts"),
};
