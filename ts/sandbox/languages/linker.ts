/** What gcc, and every compiler that has gcc do the last step, needs to assemble and to link. */
export const linker: readonly string[] = ["as", "ld", "/usr/lib/gcc", "/usr/libexec/gcc"];

/** What a compiler of C needs beside. */
export const headers: readonly string[] = [...linker, "/usr/include", "/usr/local/include"];

/** clang's own. */
export const clangs: readonly string[] = [
  "/usr/lib/llvm*",
  "/usr/lib/clang",
  "/usr/lib/*/libLLVM*",
  "/usr/lib/*/libclang*",
];
