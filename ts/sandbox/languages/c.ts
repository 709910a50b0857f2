import type { Json } from "../json.ts";
import { type CSignature, type CType, parseCSignature } from "./c_signature.ts";
import { clangs, headers, sanitize } from "./linker.ts";
import { finishMain } from "./main_function.ts";
import type { Called, Language } from "./language.ts";
import { includePrelude, preparePrelude } from "./prelude.ts";

const flags = ["-O1", "-w", "-std=gnu17", "-pipe"];

/** Before the code, so that no macro of the code reaches them. */
const prelude = `#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <limits.h>
#include <ctype.h>
#include <math.h>
#include <unistd.h>
static char calque_mark[32];
static int calque_first;
static void calque_text(const char *s) {
  dprintf(1, "\\"");
  for (; *s; s++) {
    unsigned char c = *s;
    if (c < 32 || c == '"' || c == '\\\\') dprintf(1, "\\\\u%04x", c); else dprintf(1, "%c", c);
  }
  dprintf(1, "\\"");
}`;

export const c: Language = {
  name: "c",
  package: "gcc",
  spelling: "snake_case",
  comment: "//",
  source: "main.c",
  // gcc starts in half the time that clang takes.
  variants: ["gcc", "clang", "cc"].map((tool) => ({
    tools: [tool],
    version: ["{0}", "--version"],
    prepare: preparePrelude("c", flags, prelude),
    compile: ["{0}", ...flags, ...includePrelude, "-o", "/work/program", "/work/{source}", "-lm"],
    run: ["/work/program"],
    needs: { build: [...headers, ...(tool === "gcc" ? [] : clangs)] },
  })),
  sanitize,
  hello: '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }',
  loose: { booleans: true },
  call: ({ code, name, all, mark, first }) => {
    const signature = parseCSignature(code, name);
    if (typeof signature === "string") return { files: { "main.c": code }, refused: signature };
    try {
      return { ...callC(code, name, signature, all), stdin: `${mark} ${first}\n` };
    } catch (error) {
      return { files: { "main.c": code }, refused: (error as Error).message };
    }
  },
  // Of the compiler itself, for the program may include no header that declares it.
  finish: (program, nonce) => finishMain(program, `__builtin_printf("\\n${nonce}\\n");`),
};

const callC = (
  code: string,
  name: string,
  signature: CSignature,
  cases: readonly (readonly Json[])[],
): Called => {
  const calls = cases.map((given, at) => {
    if (given.length !== signature.parameters.length) {
      throw new Error(
        `${name} takes ${signature.parameters.length} arguments (a pointer and its _len count as one), the case gives ${given.length}`,
      );
    }
    const declarations: string[] = [];
    const words = given.flatMap((value, k) => {
      const [declaration, words] = argument(
        value,
        signature.parameters[k] as CType,
        `calque_${at}_${k}`,
      );
      declarations.push(declaration);
      return words;
    });
    return `if (calque_first <= ${at}) { ${declarations.join(" ")} calque_say(${at}, ${name}(${
      words.join(", ")
    })); }`;
  });
  const print = printers[signature.result];
  if (print === undefined) {
    throw new Error(`the result type of ${name} is not one that can be compared`);
  }
  return {
    files: {
      "solution.c": code,
      "main.c": `#include "calque_prelude.h"
#define main calque_unused_main
#include "solution.c"
#undef main
static void calque_say(int at, ${cNames[signature.result]} value) {
  dprintf(1, "\\n%s %d ", calque_mark, at);
  ${print}
  dprintf(1, "\\n");
}
int main(void) {
  if (scanf("%31s %d", calque_mark, &calque_first) != 2) return 1;
  dprintf(1, "\\n%s ready\\n", calque_mark);
  ${calls.join("\n  ")}
  fflush(0);
  _exit(0);
}
`,
    },
  };
};

const cNames: Record<string, string> = {
  bool: "_Bool",
  char: "char",
  integer: "long long",
  unsigned: "unsigned long long",
  float: "double",
  string: "const char *",
  void: "int",
};

const printers: Record<string, string> = {
  bool: 'dprintf(1, value ? "true" : "false");',
  char: "char text[2] = {value, 0}; calque_text(text);",
  integer: 'dprintf(1, "%lld", value);',
  unsigned: 'dprintf(1, "%llu", value);',
  float: 'dprintf(1, "%.17g", value);',
  string: 'if (value) calque_text(value); else dprintf(1, "null");',
};

/** Declares what an argument needs, and gives the words that stand for it in the call. */
const argument = (value: Json, type: CType, variable: string): [string, string[]] => {
  if (!type.list) return ["", [scalar(value, type.element, type.text)]];
  if (!Array.isArray(value)) {
    throw new Error(`expected a list for ${type.text}, got ${typeof value}`);
  }
  // Zero elements are no array in C; the length says so.
  const elements = value.length === 0
    ? "0"
    : value.map((each) => scalar(each as Json, type.element, type.text)).join(", ");
  return [`${type.text} ${variable}[] = {${elements}};`, [variable, String(value.length)]];
};

const scalar = (value: Json, element: CType["element"], text: string): string => {
  switch (element) {
    case "string":
      if (typeof value === "string") return quote(value, text.startsWith("const"));
      break;
    case "char":
      if (typeof value === "string" && value.length === 1) return String(value.charCodeAt(0));
      break;
    case "bool":
      if (typeof value === "boolean") return value ? "1" : "0";
      break;
    case "integer":
    case "unsigned":
      if (typeof value === "boolean") return value ? "1" : "0";
      if (typeof value === "bigint" || Number.isInteger(value)) {
        return integer(BigInt(value as number));
      }
      break;
    case "float":
      if (typeof value === "number" || typeof value === "bigint") return floating(value);
  }
  throw new Error(`expected ${text}, got ${value === null ? "null" : typeof value}`);
};

const integer = (n: bigint) =>
  n === -(2n ** 63n)
    ? "(-9223372036854775807LL - 1)"
    : `${n}${n >= 2n ** 63n ? "ULL" : n >= 2n ** 31n || n < -(2n ** 31n) ? "LL" : ""}`;

const floating = (n: number | bigint) => /[.e]/i.test(String(n)) ? String(n) : `${n}.0`;

/** Octal escapes of three digits end by themselves. A program may write into a string that is not const. */
const quote = (text: string, constant: boolean): string => {
  const literal = `"${
    [...new TextEncoder().encode(text)].map((byte) =>
      byte < 32 || byte > 126 || byte === 34 || byte === 92 || byte === 63
        ? `\\${byte.toString(8).padStart(3, "0")}`
        : String.fromCharCode(byte)
    ).join("")
  }"`;
  return constant ? literal : `((char[]){${literal}})`;
};
