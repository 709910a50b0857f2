import { callRacket } from "./racket_harness.ts";
import { append, type Language } from "./language.ts";

export const racket: Language = {
  name: "racket",
  package: "racket",
  spelling: "snake_case",
  comment: ";",
  source: "main.rkt",
  variants: [{
    tools: ["racket"],
    version: ["{0}", "--version"],
    run: ["{0}", "/work/{source}"],
    environment: { PLTUSERHOME: "/tmp" },
    needs: { run: ["/usr/share/racket", "/usr/lib/racket", "/etc/racket"] },
  }],
  hello: '#lang racket/base\n(displayln "hello")',
  allowance: { memory_mb: 192 },
  threads: 4,
  syntaxError: /read-syntax:|module: |bad syntax|unbound identifier/,
  assertionFailed: /^FAILURE/m,
  prepare: (program) =>
    /^\s*(#lang|\(module)\b/m.test(program) ? program : `#lang racket\n${program}`,
  call: callRacket,
  finish: append((nonce) => `(printf "\\n${nonce}\\n")`),
};
