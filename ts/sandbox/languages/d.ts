import { printJson } from "../json.ts";
import { dHarness } from "./d_harness.ts";
import type { Language } from "./language.ts";
import { clangs, linker } from "./linker.ts";
import { finishMain } from "./main_function.ts";

export const d: Language = {
  name: "d",
  package: "ldc",
  spelling: "camelCase",
  comment: "//",
  source: "main.d",
  variants: [{
    tools: ["ldc2"],
    version: ["{0}", "--version"],
    compile: [
      "{0}",
      "-w",
      "-of=/work/program",
      "-od=/tmp/build",
      "-I=/work",
      "-i",
      "/work/{source}",
    ],
    run: ["/work/program"],
    needs: {
      build: [
        ...linker,
        ...clangs,
        "cc",
        "gcc",
        "/etc/ldc2.conf",
        "/usr/lib/ldc*",
        "/usr/include/d",
      ],
    },
  }, {
    tools: ["gdc"],
    version: ["{0}", "--version"],
    compile: ["{0}", "-w", "-o", "/work/program", "/work/{source}"],
    run: ["/work/program"],
    needs: { build: [...linker, "/usr/include/d"] },
  }],
  hello: 'import std.stdio;\nvoid main() { writeln("hello"); }',
  threads: 8,
  call: ({ code, name, cases, mark, first }) => ({
    files: {
      "solution.d": `module solution;\n${
        code.replace(/^\s*module\s+[\w.]+\s*;/m, "").replace(
          /\bvoid\s+main\s*\(/,
          "void calqueUnusedMain(",
        )
      }`,
      "main.d": dHarness(name),
    },
    stdin: printJson({ cases, mark, first }),
  }),
  finish: (program, nonce) =>
    finishMain(program, `{ import std.stdio : calqueSay = writeln; calqueSay("\\n${nonce}"); }`),
};
