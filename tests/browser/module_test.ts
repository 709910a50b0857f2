/**
 * The WASM module in a real browser, as a page would use it: no bundler, no special headers. The page
 * posts what it found back to the server that it came from.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findBrowser } from "./browser.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What each entry does in the page. `used` comes first: before init the module must say so itself. */
const page = `<!doctype html><script type="module">
const post = (body) => fetch("/found", { method: "POST", body: JSON.stringify(body) });
try {
  const slim = await import("/pkg/calque.js");
  let early = "no error";
  try { slim.check("", "", {}); } catch (error) { early = error.code; }
  const whole = await import("/pkg/browser.js");
  const json = await (await fetch("/tokenizer.json")).text();
  const tokenizer = whole.Tokenizer.fromJSON(json);
  const text = "def f(x): return x + 1 // \\u{1f469}";
  const ids = tokenizer.encode(text);
  const f = (n) => "define i32 @f(i32 %x) {\\n  %y = add i32 %x, " + n + "\\n  ret i32 %y\\n}\\n";
  await post({
    early,
    ids: Array.from(ids),
    text: tokenizer.decode(ids) === text,
    proved: whole.check(f(1), f(1)).verdict,
    refuted: whole.check(f(1), f(2)).verdict,
    isolated: globalThis.crossOriginIsolated,
  });
} catch (error) {
  await post({ error: String(error) });
}
</script>`;

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

interface Found {
  readonly error?: string;
  readonly early: string;
  readonly ids: readonly number[];
  readonly text: boolean;
  readonly proved: string;
  readonly refuted: string;
  readonly isolated: boolean;
}

/** Serves the page and the module; `found` is what the page posts. */
async function servePage(): Promise<
  { readonly url: string; readonly found: Promise<Found>; close(): Promise<void> }
> {
  let tell: (found: Found) => void;
  const found = new Promise<Found>((resolve) => tell = resolve);
  const files = async (path: string): Promise<Uint8Array | string | undefined> => {
    if (path === "/") return page;
    if (path === "/tokenizer.json") return await readFile(join(root, "assets/seed/tokenizer.json"));
    if (!/^\/pkg\/[\w.]+$/.test(path)) return undefined;
    return await readFile(join(root, "crates/wasm", path)).catch(() => undefined);
  };
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      let body = "";
      for await (const chunk of request) body += chunk;
      tell(JSON.parse(body));
      return response.writeHead(204).end();
    }
    const path = request.url ?? "/";
    const body = await files(path);
    if (body === undefined) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(path)] ?? "text/html" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    found,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const browser = findBrowser();
if (browser === undefined) {
  console.warn("SKIPPED: no Chromium on PATH; ./setup --for test-browser installs one");
}

Deno.test({
  name: "a page loads the module and gets the ids and verdicts that Deno gets",
  ignore: browser === undefined,
  async fn() {
    const served = await servePage();
    const profile = await mkdtemp(join(tmpdir(), "calque-browser-"));
    const child = spawn(browser!, [
      "--headless",
      "--disable-gpu",
      "--no-first-run",
      // Chromium refuses to run as root with its own sandbox; the page is ours.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      `--user-data-dir=${profile}`,
      served.url,
    ], { stdio: ["ignore", "ignore", "pipe"] });
    let complaints = "";
    child.stderr.on("data", (chunk) => complaints += chunk);
    const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
    try {
      const found = await Promise.race([
        served.found,
        ended.then((): never => {
          throw new Error(`${browser} ended before the page answered:\n${complaints}`);
        }),
      ]);
      const { Tokenizer } = await import("../../ts/wasm/mod.ts");
      const json = await readFile(join(root, "assets/seed/tokenizer.json"));
      const ids = Tokenizer.fromJSON(json).encode("def f(x): return x + 1 // \u{1f469}");
      assert.deepEqual(found, {
        early: "not-initialised",
        ids: Array.from(ids),
        text: true,
        proved: "proved",
        refuted: "refuted",
        isolated: false,
      });
    } finally {
      child.kill("SIGKILL");
      await ended;
      await served.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  },
});
