import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Verdict } from "../../ts/wasm/mod.ts";

/**
 * Whether a C function is undefined on a counterexample's input, as clang's own checks see it. What a compiler makes of it there is
 * its to choose: it adds with `nsw` and freezes at one level, and wraps at another.
 */
export const undefinedInC = (
  clang: string,
  code: string,
  name: string,
  { counterexample }: Verdict,
): boolean => {
  const memory = (counterexample?.memory ?? {}) as Readonly<Record<string, string>>;
  const names = Object.keys(memory);
  const blocks = names.map((block, i) => {
    const bytes = (memory[block]!.match(/../g) ?? []).map((byte) =>
      byte === ".." ? 0 : `0x${byte}`
    );
    return `static _Alignas(16) unsigned char m${i}[] = {${bytes.join(", ") || 0}};`;
  });
  const values = Object.values(counterexample?.arguments ?? {}).map(String).map((value) => {
    const [, block, offset = "0"] = /^ptr &(\S+?)(?:\+(\d+))?$/.exec(value) ?? [];
    if (block !== undefined) return `(void *)(m${names.indexOf(block)} + ${offset})`;
    const [, number] = /^i\d+ (-?\d+)$/.exec(value) ?? [];
    if (number === undefined) throw new Error(`no C value for ${value}`);
    return number;
  });
  const folder = mkdtempSync(join(tmpdir(), "calque-undefined-"));
  try {
    const [file, program] = [join(folder, "main.c"), join(folder, "main")];
    const main = `int main(void) { volatile int r = ${name}(${
      values.join(", ")
    }); (void)r; return 0; }`;
    writeFileSync(file, `${code}\n${blocks.join("\n")}\n${main}\n`);
    const flags = ["-w", "-fsanitize=undefined", "-fsanitize-trap=undefined"];
    execFileSync(clang, [...flags, file, "-o", program]);
    const { status, signal } = spawnSync(program);
    return status !== 0 || signal !== null;
  } finally {
    rmSync(folder, { recursive: true });
  }
};
