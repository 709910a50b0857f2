import { printJson } from "../json.ts";
import { nimHarness } from "./nim_harness.ts";
import { append, type Language } from "./language.ts";
import { headers } from "./linker.ts";

export const nim: Language = {
  name: "nim",
  package: "nim",
  spelling: "camelCase",
  comment: "#",
  source: "main.nim",
  variants: [{
    tools: ["nim"],
    version: ["{0}", "--version"],
    compile: [
      "{0}",
      "compile",
      "--hints:off",
      "--warnings:off",
      "--verbosity:0",
      "--colors:off",
      "--nimcache:/tmp/build",
      "-o:/work/program",
      "/work/{source}",
    ],
    run: ["/work/program"],
    needs: { build: [...headers, "sh", "gcc", "/usr/lib/nim", "/etc/nim"] },
  }],
  hello: 'echo "hello"',
  call: ({ code, name, cases, mark, first }) => ({
    // Behind the code in one file, where names that are not exported are seen.
    files: { "main.nim": `${code}\n${nimHarness(name, cases[0]?.length ?? 0)}` },
    stdin: printJson({ cases, mark, first }),
  }),
  finish: append((nonce) => `echo "\\n${nonce}"`),
};
