/** What the tokenizers are measured on. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The project's own sources, cut to so many characters. */
async function sources(folders: readonly string[], ending: string, most: number): Promise<string> {
  let text = "";
  for (const folder of folders) {
    const files = await readdir(join(root, folder), { recursive: true });
    for (const file of files.filter((file) => file.endsWith(ending)).sort()) {
      text += await readFile(join(root, folder, file), "utf8");
    }
  }
  // Peers refuse the names of special tokens.
  return text.replaceAll("<|", "< ").slice(0, most);
}

/** LLVM IR of the bundled groups, functions that occur twice left out. */
async function ir(most: number): Promise<string> {
  const functions = new Set<string>();
  const lines = (await readFile(join(root, "assets/groups.jsonl"), "utf8")).split("\n");
  for (const line of lines.filter((line) => line !== "")) {
    const { winners, losers } = JSON.parse(line);
    for (const { ir } of [...winners, ...losers]) functions.add(ir);
  }
  return [...functions].join("\n").slice(0, most);
}

/** Real text, a megabyte at most. */
export const realTexts = async (): Promise<Readonly<Record<string, string>>> => ({
  TypeScript: await sources(["ts", "apps", "tests"], ".ts", 1_000_000),
  Rust: await sources(["crates"], ".rs", 1_000_000),
  "LLVM IR": await ir(1_000_000),
});

/** A megabyte of letters drawn from some. */
const random = (letters: string): string => {
  let state = 1;
  const draw = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return letters[(state >>> 16) % letters.length];
  };
  return Array.from({ length: 1_000_000 }, draw).join("");
};

const repeat = (unit: string): string => unit.repeat(Math.ceil(1_000_000 / unit.length));

/** A megabyte each of what makes tokenizers slow: nothing splits it, or nothing merges it. */
export const hostileTexts: Readonly<Record<string, string>> = {
  "one letter": repeat("a"),
  spaces: repeat(" "),
  "line feeds": repeat("\n"),
  "spaces before a letter": repeat(" ") + "x",
  "combining marks": repeat("\u0301").slice(0, 500_000),
  emoji: repeat("👩‍👩‍👧").slice(0, 400_000),
  "one ideograph": repeat("漢").slice(0, 333_333),
  "carriage returns": repeat("\r\n"),
  "no-break spaces": repeat("\u00a0").slice(0, 500_000),
  digits: repeat("1234567890"),
  "random letters": random("abcdefghijklmnopqrstuvwxyz"),
  base64: random("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
};
