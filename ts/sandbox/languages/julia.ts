import { append, type Language } from "./language.ts";

export const julia: Language = {
  name: "julia",
  package: "julia",
  spelling: "snake_case",
  comment: "#",
  source: "main.jl",
  variants: [{
    tools: ["julia"],
    version: ["{0}", "--version"],
    run: ["{0}", "--startup-file=no", "--history-file=no", "--threads=1", "-O1", "/work/{source}"],
    environment: { JULIA_DEPOT_PATH: "/tmp/julia:/usr/share/julia" },
    needs: {
      run: [
        "/usr/share/julia",
        "/usr/lib/*/julia",
        "/usr/lib/julia",
        "/etc/julia",
        "/usr/lib/*/libjulia*",
      ],
    },
  }],
  hello: 'println("hello")',
  allowance: { cpu: 3, memory_mb: 512 },
  threads: 32,
  syntaxError: /syntax: |ParseError/,
  finish: append((nonce) => `println("\\n${nonce}")`),
};
