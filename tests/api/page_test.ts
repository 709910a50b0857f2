/** The page in a headless browser: signs in by its address, lists the runs, and follows one live. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { RunWriter } from "../../ts/runs/mod.ts";
import { findBrowser } from "../browser/browser.ts";
import { type Server, withServer } from "./server.ts";

const executablePath = findBrowser();
if (executablePath === undefined) console.log("skipped: no Chromium (./setup test-browser)");

const recipe = { method: "rl", steps: 30, seed: 0 };

const step = async (writer: RunWriter, id: number): Promise<void> => {
  const metrics = { step: id, loss: 1 / id, reward: id / 30 };
  await writer.addMetrics([metrics]);
  await writer.announce("metrics", metrics);
};

const withPage = (
  work: (page: Page, server: Server, writer: RunWriter) => Promise<void>,
): Promise<void> => {
  let writer: RunWriter | undefined;
  return withServer(async (server) => {
    const home = await mkdtemp(join(tmpdir(), "calque-browser-"));
    const found: { browser?: Browser } = {};
    try {
      found.browser = await chromium.launch({
        executablePath: executablePath!,
        args: ["--no-sandbox", "--disable-gpu"],
        env: { ...Deno.env.toObject(), HOME: home },
      });
      const page = await found.browser.newPage();
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => {
        // Refusals by the policy are told here.
        if (message.type() === "error" && !message.text().includes("401")) {
          faults.push(message.text());
        }
      });
      page.setDefaultTimeout(60_000);
      await work(page, server, writer!);
      assert.deepEqual(faults, []);
    } finally {
      await found.browser?.close();
      await writer!.close();
      await rm(home, { recursive: true, force: true });
    }
  }, async (data) => {
    for (const name of ["<b>first</b>", "second"]) {
      const id = name === "second" ? "second" : "first";
      writer = await RunWriter.open(join(data, id), "new", { name });
      await writer.writeRecipe(recipe);
      await step(writer, 1);
      if (id === "second") break;
      await writer.writeSummary({
        status: "done",
        steps: 30,
        seconds: 1,
        seed: 0,
        device: "none",
        before: { pass_at_1: 0.25, low: 0.2, high: 0.3, samples: 10, pairs: {} },
        after: { pass_at_1: 0.5, low: 0.4, high: 0.6, samples: 10, pairs: {} },
        infrastructure_rate: 0,
      });
      await writer.close();
    }
  });
};

Deno.test({
  name: "the page lists the runs, follows one live, and tells its end",
  ignore: executablePath === undefined,
  fn: () =>
    withPage(async (page, { url, token }, writer) => {
      await page.goto(`${url}/#token=${token}`);
      await page.getByRole("link", { name: "second" }).waitFor();
      assert.ok(!page.url().includes(token), "the token stays in no address");
      const first = page.getByRole("row").filter({ hasText: "<b>first</b>" });
      assert.match(await first.innerText(), /done\s+1 \/ 30\s+25\.0 %\s+50\.0 %/);

      await page.getByRole("link", { name: "second" }).click();
      await page.locator("#facts").getByText("running").waitFor();
      assert.match(page.url(), /#run=second$/);
      for (let id = 2; id <= 20; id++) await step(writer, id);
      await page.getByText("loss: 0.05000 at step 20").waitFor();
      await page.getByText("reward: 0.6667 at step 20").waitFor();
      const points = await page.locator("polyline").first().getAttribute("points");
      assert.equal(points!.split(" ").length, 20);
      await page.locator("#facts").getByText("20 / 30").waitFor();
      // A reload comes back to the run: its id is in the address, the token in the session.
      await page.reload();
      await page.getByText("loss: 0.05000 at step 20").waitFor();
      await step(writer, 21);
      await page.getByText("at step 21").first().waitFor();
      await writer.writeSummary({
        status: "done",
        steps: 21,
        seconds: 1,
        seed: 0,
        device: "none",
        before: null,
        after: null,
        infrastructure_rate: 0,
      });
      await writer.close();
      await page.getByText("Ended: done").waitFor();
      await page.getByRole("link", { name: "Calque" }).click();
      await page.getByText("2 runs, newest first").waitFor();
    }),
});

Deno.test({
  name: "the page asks for a token and says when it is wrong; the reference shows without one",
  ignore: executablePath === undefined,
  fn: () =>
    withPage(async (page, { url, token }) => {
      await page.goto(url);
      await page.getByLabel("Token").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Sign in with the token").waitFor();
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("2 runs, newest first").waitFor();
      await page.goto(`${url}/reference`);
      await page.getByRole("heading", { name: "OpenAI", exact: true }).waitFor();
      const colour = await page.evaluate(
        "getComputedStyle(document.querySelector('code.post')).backgroundColor",
      );
      assert.notEqual(colour, "rgba(0, 0, 0, 0)", "the style is let through");
    }),
});
