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
  finish: append((nonce) => `echo "\\n${nonce}"`),
};
