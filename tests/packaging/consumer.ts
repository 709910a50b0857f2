/** A stranger's project: an empty folder with the packed archive installed, and a program that uses the package. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const run = promisify(execFile);
export const root = fileURLToPath(new URL("../..", import.meta.url));
/** Runtimes and bundlers that only these tests use; `npm install --prefix tests/packaging` brings them. */
export const tools = fileURLToPath(new URL("node_modules", import.meta.url));

/** A program of the tools folder, if it is installed. */
export const tool = (path: string): string | undefined => {
  const file = join(tools, path);
  if (existsSync(file)) return file;
  console.warn(
    `SKIPPED: no ${path}; npm install --prefix tests/packaging brings it`,
  );
  return undefined;
};

let archive: Promise<string> | undefined;

/** Path of the archive that `just package` makes, or of the one that CALQUE_PACKAGE names. */
const pack = (): Promise<string> =>
  archive ??= process.env["CALQUE_PACKAGE"] !== undefined
    ? Promise.resolve(process.env["CALQUE_PACKAGE"])
    : run("sh", [join(root, "crates/wasm/package.sh")], { cwd: root })
      .then(({ stdout }) => stdout.trim().split("\n").at(-1)!);

export interface Project extends AsyncDisposable {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): Promise<void>;
}

/** Makes a project that has the package: by npm, or where there is none as npm lays it out. */
export async function project(
  files: Readonly<Record<string, string>>,
): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "calque-consumer-"));
  const write = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text);
    }
  };
  await write({
    "package.json": '{"name": "consumer", "private": true, "type": "module"}',
  });
  const packed = await pack();
  const npm = [
    "install",
    "--offline",
    "--ignore-scripts",
    "--no-package-lock",
    packed,
  ];
  await run("npm", npm, { cwd: folder }).catch(async (error) => {
    if (error.code !== "ENOENT") throw error;
    const module = join(folder, "node_modules/calque");
    await mkdir(module, { recursive: true });
    await run("tar", ["-xzf", packed, "-C", module, "--strip-components=1"]);
  });
  await write(files);
  return {
    folder,
    write,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Statements that use everything of an imported `calque` and leave what they found in `found`. */
export const use = String.raw`
const { check, stripIr, Tokenizer, trainTokenizer, CalqueError } = calque;
const texts = ["for x in xs:\n  r += x\n".repeat(9)];
const json = trainTokenizer({ texts, vocabSize: 280, special: ["<|end|>"] });
const tokenizer = Tokenizer.fromJSON(json);
const text = "for x in xs: naïve 👩‍👩‍👧<|end|>";
const ids = tokenizer.encode(text);
const stream = tokenizer.decodeStream();
let streamed = "";
for (const id of ids) streamed += stream.push(Uint32Array.of(id));
streamed += stream.end();
const add = (n, flag) => "define i32 @f(i32 %x) {\n  %y = add " + flag + "i32 %x, " + n + "\n  ret i32 %y\n}\n";
const code = (act) => { try { act(); return "no error"; } catch (e) { return e instanceof CalqueError ? e.code : String(e); } };
const { offsets } = tokenizer.encodeWithOffsets(text, { unit: "utf16" });
// A pattern as long as a text: matching must not go as deep as it is long.
const literal = JSON.parse(json);
const x = "x".repeat(1e6);
literal.pre_tokenizer = { type: "Sequence", pretokenizers: [
  { type: "Split", pattern: { String: x }, behavior: "Isolated", invert: false },
  { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
] };
const found = {
  long: Tokenizer.fromJSON(JSON.stringify(literal)).count(x + "y"),
  whole: tokenizer.decode(ids) === text,
  streamed: streamed === text,
  count: tokenizer.count(text) === ids.length,
  bytes: tokenizer.encodeBytes(new TextEncoder().encode(text)).join() === ids.join(),
  batch: tokenizer.encodeBatch(["", text, "x"]).map((one) => one.length).join() === [0, ids.length, 1].join(),
  utf16: offsets.at(-1) === text.length && text.slice(offsets.at(-2)) === "<|end|>",
  truncated: tokenizer.truncate(text, 3) === text.slice(0, offsets[5]) && tokenizer.count(tokenizer.truncate("👩👩", 2)) <= 2,
  end: tokenizer.tokenId("<|end|>"),
  added: tokenizer.addedTokens,
  lone: tokenizer.decode(tokenizer.encode("\ud800")),
  invalid: tokenizer.decode(tokenizer.encodeBytes(Uint8Array.of(0x61, 0xff, 0x62))),
  proved: check(add(1, "nsw "), add(1, "")).verdict,
  refuted: check(add(1, ""), add(2, "")).verdict,
  flag: check(add(1, ""), add(1, "nsw ")).verdict,
  strip: stripIr(add(1, "")).includes("add i32"),
  malformed: code(() => Tokenizer.fromJSON("{")),
  ranks: code(() => Tokenizer.fromTiktoken("IQ== 0")),
  option: code(() => check("", "", { speed: 1 })),
  id: code(() => tokenizer.decode(Uint32Array.of(1 << 20))),
  argument: code(() => tokenizer.encode(7)),
  unlisted: [
    ...[{ texts: 3 }, { texts, special: "<|end|>" }].map((given) => code(() => trainTokenizer({ vocabSize: 280, ...given }))),
    code(() => check(add(1, ""), add(1, ""), { assume: 3 })),
  ],
  missing: code(() => tokenizer.truncate(undefined, 1)),
  misspelt: code(() => tokenizer.encode("x", { specail: false })),
  large: code(() => tokenizer.encode("x".repeat(2 ** 26 + 1))),
};
tokenizer.free();
tokenizer[Symbol.dispose]();
found.freed = code(() => tokenizer.encode("x"));
`;

/** What `use` finds wherever the package works. */
export const expected = {
  long: 1_000_001,
  whole: true,
  streamed: true,
  count: true,
  bytes: true,
  batch: true,
  utf16: true,
  truncated: true,
  end: 0,
  added: [{ id: 0, content: "<|end|>", special: true }],
  lone: "\ufffd",
  invalid: "a\ufffdb",
  proved: "proved",
  refuted: "refuted",
  flag: "refuted",
  strip: true,
  malformed: "tokenizer-json",
  ranks: "tokenizer-ranks",
  option: "bad-option",
  id: "unknown-token-id",
  argument: "bad-argument",
  unlisted: ["bad-option", "bad-option", "bad-option"],
  missing: "bad-argument",
  misspelt: "bad-option",
  large: "too-large",
  freed: "freed",
};
