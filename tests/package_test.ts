import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const run = promisify(execFile);
const root = new URL("..", import.meta.url).pathname;

/** What a user's program does with the package, printed as JSON. */
const program = (entry: string) => `
import { check, stripIr, Tokenizer, trainTokenizer, CalqueError } from "${entry}";
const json = trainTokenizer({ texts: ["for x in xs:\\n  r += x\\n".repeat(9)], vocabSize: 280, special: ["<|end|>"] });
const tokenizer = Tokenizer.fromJSON(json);
const text = "for x in xs: naïve 👩‍👩‍👧<|end|>";
const ids = tokenizer.encode(text);
const stream = tokenizer.decodeStream();
let streamed = "";
for (const id of ids) streamed += stream.push(Uint32Array.of(id));
streamed += stream.end();
const add = (n, flag) => \`define i32 @f(i32 %x) {\\n  %y = add \${flag}i32 %x, \${n}\\n  ret i32 %y\\n}\\n\`;
const code = (use) => { try { use(); return "no error"; } catch (e) { return e instanceof CalqueError ? e.code : String(e); } };
const lone = tokenizer.encode("\\ud800");
const out = {
  whole: tokenizer.decode(ids) === text,
  streamed: streamed === text,
  count: tokenizer.count(text) === ids.length,
  bytes: tokenizer.encodeBytes(new TextEncoder().encode(text)).join() === ids.join(),
  end: tokenizer.tokenId("<|end|>"),
  lone: tokenizer.decode(lone),
  vocab: tokenizer.vocabSize,
  proved: check(add(1, "nsw "), add(1, "")).verdict,
  refuted: check(add(1, ""), add(2, "")).verdict,
  flag: check(add(1, ""), add(1, "nsw ")).verdict,
  strip: stripIr(add(1, "")).includes("add i32"),
  malformed: code(() => Tokenizer.fromJSON("{")),
  option: code(() => check("", "", { speed: 1 })),
  id: code(() => tokenizer.decode(Uint32Array.of(1 << 20))),
};
tokenizer.free();
tokenizer[Symbol.dispose]();
out.freed = code(() => tokenizer.encode("x"));
console.log(JSON.stringify(out));
`;

const expected = {
  whole: true,
  streamed: true,
  count: true,
  bytes: true,
  end: 0,
  lone: "\ufffd",
  proved: "proved",
  refuted: "refuted",
  flag: "refuted",
  strip: true,
  malformed: "tokenizer-json",
  option: "bad-option",
  id: "unknown-token-id",
  freed: "freed",
};

Deno.test("the packed module works from an empty folder, in every runtime there is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-package-"));
  try {
    const { stdout } = await run("sh", [join(root, "crates/wasm/package.sh")], { cwd: root });
    const archive = stdout.trim().split("\n").at(-1)!;
    const module = join(folder, "node_modules/calque");
    await mkdir(module, { recursive: true });
    await run("tar", ["-xzf", archive, "-C", module, "--strip-components=1"]);
    await writeFile(
      join(folder, "package.json"),
      '{"type": "module", "dependencies": {"calque": "0.1.0"}}',
    );
    await writeFile(join(folder, "main.js"), program("calque"));
    // slim: nothing works before init, everything after.
    await writeFile(
      join(folder, "slim.js"),
      `import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as slim from "calque/slim";
try { slim.check("", ""); } catch (error) { console.error(error.code); }
slim.initSync(readFileSync(createRequire(import.meta.url).resolve("calque/calque.wasm")));
${program("calque/slim")}`,
    );
    const runtimes: [string, string[]][] = [["deno", ["run", "-A", "--node-modules-dir=manual"]]];
    for (const name of ["node", "bun"]) {
      if (await run(name, ["--version"]).then(() => true, () => false)) runtimes.push([name, []]);
      else console.warn(`SKIPPED: ${name} is not installed; the package was not tried under it`);
    }
    for (const [runtime, args] of runtimes) {
      for (const file of ["main.js", "slim.js"]) {
        const { stdout, stderr } = await run(runtime, [...args, file], { cwd: folder });
        const found = JSON.parse(stdout);
        assert.ok(found.vocab > 257 && found.vocab <= 280, `${runtime} ${file}`);
        delete found.vocab;
        assert.deepEqual(found, expected, `${runtime} ${file}`);
        if (file === "slim.js") assert.match(stderr, /not-initialised/);
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("the module is as small as crates/wasm/size.json says, and under 400 kB gzipped", async () => {
  const said = JSON.parse(await readFile(join(root, "crates/wasm/size.json"), "utf8"));
  const module = await readFile(join(root, "crates/wasm/pkg/calque_wasm_bg.wasm"));
  const gzipped = gzipSync(module, { level: 9 }).length;
  assert.ok(gzipped < 400_000, `${gzipped} bytes gzipped`);
  // Compilers of other versions differ a little; what is meant to change the size changes the file.
  const change = gzipped / said.gzipped_bytes - 1;
  assert.ok(Math.abs(change) < 0.03, `${gzipped} bytes gzipped, ${said.gzipped_bytes} said`);
});
