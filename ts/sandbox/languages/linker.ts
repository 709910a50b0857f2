import { includeText } from "./prelude.ts";

/** What gcc, and every compiler that has gcc do the last step, needs to assemble and to link. */
export const linker: readonly string[] = ["as", "ld", "/usr/lib/gcc", "/usr/libexec/gcc"];

/** What a compiler of C needs beside. */
export const headers: readonly string[] = [...linker, "/usr/include", "/usr/local/include"];

/** For compilers that write assembly or C, and call gcc by Debian's full name for it. */
export const assembled: readonly string[] = [
  ...headers,
  ...["sh", "gcc", "ld.gold", "ld.bfd"],
  ...["as", "ld", "ld.gold", "ld.bfd", "gcc"].map((name) => `/usr/bin/*-linux-gnu-${name}`),
];

/** clang's own. */
export const clangs: readonly string[] = [
  "/usr/lib/llvm*",
  "/usr/lib/clang",
  "/usr/lib/*/libLLVM*",
  "/usr/lib/*/libclang*",
];

/**
 * gcc and clang end a program in a trap where it is undefined. `vptr` alone would want a library at run time. gcc makes `r <= x` of
 * `r < x + 1` before it looks, so the overflow of that sum is only seen by clang.
 */
export const sanitize: readonly string[] = [
  ...includeText,
  "-fsanitize=undefined",
  "-fno-sanitize=vptr",
  "-fsanitize-undefined-trap-on-error",
  "-D_GLIBCXX_ASSERTIONS",
];
