import { append, type Language } from "./language.ts";
import { clangs, headers } from "./linker.ts";

export const swift: Language = {
  name: "swift",
  package: "swiftlang",
  spelling: "camelCase",
  comment: "//",
  source: "main.swift",
  variants: [{
    tools: ["swiftc"],
    version: ["{0}", "--version"],
    compile: ["{0}", "-Onone", "-suppress-warnings", "-o", "/work/program", "/work/{source}"],
    run: ["/work/program"],
    environment: { CLANG_MODULE_CACHE_PATH: "/tmp/modules" },
    needs: {
      build: [
        ...headers,
        ...clangs,
        ...["clang", "swift-frontend", "swift-autolink-extract", "ld.gold", "ld.lld"],
        "/usr/lib/swift*",
        "/usr/libexec/swift*",
        "/usr/share/swift*",
      ],
      run: ["/usr/lib/swift*", "/usr/libexec/swift*"],
    },
  }],
  hello: 'print("hello")',
  allowance: { memory_mb: 64 },
  threads: 16,
  finish: append((nonce) => `print("\\n${nonce}")`),
};
