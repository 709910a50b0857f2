import { callHaskell } from "./haskell_harness.ts";
import type { Language } from "./language.ts";
import { assembled } from "./linker.ts";

export const haskell: Language = {
  name: "haskell",
  package: "ghc",
  spelling: "camelCase",
  comment: "--",
  source: "Main.hs",
  variants: [{
    tools: ["ghc"],
    version: ["{0}", "--version"],
    compile: [
      "{0}",
      "-O0",
      "-w",
      "-v0",
      "-i/work",
      "-outputdir",
      "/tmp/build",
      "-o",
      "/work/program",
      "/work/{source}",
    ],
    run: ["/work/program"],
    needs: { build: [...assembled, "/usr/lib/ghc*", "/var/lib/ghc"] },
  }],
  hello: 'main = putStrLn "hello"',
  allowance: { memory_mb: 32 },
  threads: 8,
  call: callHaskell,
  // The test's own `main` goes by another name, and what stands behind it runs when that has come to its end.
  finish: (program, nonce) =>
    `${program.replace(/^main\b/gm, "calqueMain")}
main = calqueMain >> putStrLn "\\n${nonce}"
`,
};
