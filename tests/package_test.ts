/** The module's size; `tests/packaging` tries the package itself, as strangers use it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const root = new URL("..", import.meta.url).pathname;

Deno.test("the module is as small as crates/wasm/size.json says, and under 400 kB gzipped", async () => {
  const said = JSON.parse(await readFile(join(root, "crates/wasm/size.json"), "utf8"));
  const module = await readFile(join(root, "crates/wasm/pkg/calque_wasm_bg.wasm"));
  const gzipped = gzipSync(module, { level: 9 }).length;
  assert.ok(gzipped < 400_000, `${gzipped} bytes gzipped`);
  // Compilers of other versions differ a little; what is meant to change the size changes the file.
  const change = gzipped / said.gzipped_bytes - 1;
  assert.ok(Math.abs(change) < 0.03, `${gzipped} bytes gzipped, ${said.gzipped_bytes} said`);
});
