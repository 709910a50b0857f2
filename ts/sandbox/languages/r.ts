import { callR } from "./r_harness.ts";
import { append, type Language } from "./language.ts";

export const r: Language = {
  name: "r",
  package: "r-base-core",
  spelling: "snake_case",
  comment: "#",
  source: "main.R",
  // The commands are scripts around this.
  variants: [{
    tools: ["/usr/lib/R/bin/exec/R"],
    version: ["{0}", "--version"],
    run: [
      "{0}",
      "--no-echo",
      "--no-restore",
      "--no-save",
      "--no-init-file",
      "--no-site-file",
      "--no-environ",
      "--file=/work/{source}",
    ],
    environment: {
      R_HOME: "/usr/lib/R",
      R_SHARE_DIR: "/usr/share/R/share",
      R_INCLUDE_DIR: "/usr/share/R/include",
      R_DOC_DIR: "/usr/share/R/doc",
      LD_LIBRARY_PATH: "/usr/lib/R/lib",
      R_DEFAULT_PACKAGES: "utils,stats,methods",
    },
    // Loading its package `utils` asks a shell for `uname`.
    needs: { run: ["sh", "which", "uname", "/usr/lib/R", "/etc/R", "/usr/share/R"] },
  }],
  hello: 'cat("hello\\n")',
  allowance: { memory_mb: 96 },
  threads: 16,
  syntaxError: /^Error: (unexpected|invalid|incomplete) |unexpected (symbol|string|end of input)/m,
  loose: { singles: true, containers: true },
  call: callR,
  finish: append((nonce) => `cat("\\n${nonce}\\n")`),
};
