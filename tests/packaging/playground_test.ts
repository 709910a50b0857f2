/** The playground from a static server, in headless Chromium. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run } from "./consumer.ts";
import { canBrowse, type Page, serve, withPage } from "./pages.ts";

const add = (n: number) => `define i32 @f(i32 %x) {\n  %y = add i32 %x, ${n}\n  ret i32 %y\n}\n`;

/** Text of the verdict, once there is one. */
const verdictOf = async (page: Page, word: string): Promise<string> => {
  await page.waitForFunction(
    `document.querySelector(".verdict.${word}") !== null`,
  );
  return await page.locator("#verdict").textContent() ?? "";
};

async function withPlayground(
  use: (page: Page, url: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "calque-playground-"));
  try {
    await run("sh", [join(root, "apps/playground/publish.sh"), folder]);
    await using site = await serve(folder);
    await withPage((page) => use(page, site.url));
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test({
  name: "the playground shows tokens and their ids",
  ignore: !canBrowse,
  fn: () =>
    withPlayground(async (page, url) => {
      await page.goto(url);
      const text = "for x in xs: 👩‍👩‍👧\n";
      await page.waitForFunction(
        "document.querySelector('#tokens span') !== null",
      );
      await page.locator("#text").fill(text);
      const { Tokenizer } = await import("../../ts/wasm/mod.ts");
      const json = await readFile(join(root, "assets/seed/tokenizer.json"));
      const ids = [...Tokenizer.fromJSON(json).encode(text)];
      const shown = "[...document.querySelectorAll('#tokens span')]";
      assert.deepEqual(
        await page.evaluate(
          `${shown}.flatMap((span) => span.dataset.ids.split(" ").map(Number))`,
        ),
        ids,
      );
      assert.equal(
        await page.evaluate(
          `${shown}.map((span) => span.textContent).join("")`,
        ),
        text,
      );
      assert.match(
        await page.locator("#counts").textContent() ?? "",
        new RegExp(`^${ids.length} `),
      );
    }),
});

Deno.test({
  name: "the playground refutes with an input, and the pair is in its address",
  ignore: !canBrowse,
  fn: () =>
    withPlayground(async (page, url) => {
      await page.goto(url);
      await verdictOf(page, "refuted");
      await page.locator("#source").fill(add(1));
      await page.locator("#target").fill(add(2));
      await page.locator("#check").click();
      assert.match(
        await verdictOf(page, "refuted"),
        /%x.*source.*returns i32.*target.*returns i32/,
      );
      // Who gets the address sees the same pair and the same verdict.
      const address = await page.evaluate<string>("location.href");
      await withPage(async (other) => {
        await other.goto(address);
        assert.match(await verdictOf(other, "refuted"), /returns i32/);
        assert.equal(await other.locator("#source").inputValue(), add(1));
        assert.equal(await other.locator("#target").inputValue(), add(2));
      });
      await page.locator("#target").fill(add(1));
      await page.locator("#check").click();
      await verdictOf(page, "proved");
      await page.locator("#target").fill("define");
      await page.locator("#check").click();
      assert.match(await verdictOf(page, "unknown"), /parse-error/);
    }),
});
