import type { Language } from "./language.ts";
import { linker } from "./linker.ts";
import { finishMain } from "./main_function.ts";
import { rustHarness } from "./rust_harness.ts";
import { wireOf } from "./wire.ts";

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
    needs: {
      build: [
        ...linker,
        "cc",
        "/usr/lib/rustlib",
        "/usr/lib/*/librustc_driver*",
        "/usr/lib/*/libLLVM*",
      ],
    },
  }],
  hello: 'fn main() { println!("hello"); }',
  call: (call) => ({
    files: {
      "main.rs": "mod solution;\nfn main() { solution::calque_harness::main() }\n",
      // A module within the code's own sees its private names.
      "solution.rs": `${call.code}\n${
        rustHarness(call.name, call.cases[0]?.length ?? 0, call.code)
      }`,
    },
    stdin: wireOf(call),
  }),
  finish: (program, nonce) => finishMain(program, `println!("\\n${nonce}");`),
};
