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
  join: (code, test) => `${withoutCrates(code)}\n${withoutCrates(test)}`,
  // What `cargo test` would find is called by name.
  finish: (program, nonce) => {
    const said = `println!("\\n${nonce}");`;
    const tests = [...program.matchAll(/#\[test\]\s*(?:pub\s+)?fn\s+(\w+)\s*\(\s*\)/g)];
    if (tests.length === 0) return finishMain(program, said);
    const open = program
      .replace(/#\[cfg\(test\)\]/g, "")
      .replace(/#\[test\](\s*)(?:pub\s+)?fn\b/g, "$1pub fn")
      .replace(/\bfn\s+main\s*\(\s*\)/g, "fn calque_unused_main()");
    const calls = tests.map((match) => {
      const module = [...program.slice(0, match.index).matchAll(/\bmod\s+(\w+)\s*\{/g)].at(-1)?.[1];
      return `${module === undefined ? "" : `${module}::`}${match[1]}();`;
    });
    return `${open}\nfn main() { ${calls.join(" ")} ${said} }\n`;
  },
};

/** Test sets open with whatever crates some task of theirs needs; what is no crate here may be named, not used. */
const withoutCrates = (code: string): string =>
  code.replace(/^[ \t]*use\s+(?:rand|regex|md5|itertools)\b[^;]*;/gm, "");
