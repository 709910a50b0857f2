import type { Language } from "./language.ts";
import { finishMain } from "./main_function.ts";

export const rust: Language = {
  name: "rust",
  package: "rustc",
  spelling: "snake_case",
  comment: "//",
  source: "main.rs",
  variants: [{
    tools: ["rustc"],
    version: ["{0}", "--version"],
    compile: [
      "{0}",
      "--edition",
      "2021",
      "-A",
      "warnings",
      "-C",
      "debuginfo=0",
      "-C",
      "opt-level=1",
      "-o",
      "/work/program",
      "/work/{source}",
    ],
    run: ["/work/program"],
  }],
  hello: 'fn main() { println!("hello"); }',
  finish: (program, nonce) => finishMain(program, `println!("\\n${nonce}");`),
};
