/** Static files and a headless Chromium, as a page's author has them. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { findBrowser } from "../browser/browser.ts";
import { tool } from "./consumer.ts";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface Site extends AsyncDisposable {
  readonly url: string;
}

/** Serves a folder: no special headers, nothing made up. */
export async function serve(folder: string): Promise<Site> {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(
      new URL(request.url ?? "/", "http://host").pathname,
    );
    const name = path.endsWith("/") ? `${path}index.html` : path;
    const body = await readFile(join(folder, normalize(name))).catch(() => undefined);
    if (body === undefined) return void response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": types[extname(name)] ?? "text/plain",
    }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export interface Locator {
  fill(text: string): Promise<void>;
  click(): Promise<void>;
  textContent(): Promise<string | null>;
  inputValue(): Promise<string>;
}

/** What these tests use of a page of Playwright's. */
export interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<T>(expression: string): Promise<T>;
  waitForFunction(expression: string): Promise<unknown>;
  locator(selector: string): Locator;
  on(event: "pageerror", listener: (error: Error) => void): void;
}

interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
interface Playwright {
  readonly chromium: {
    launch(
      options: { executablePath: string; args: string[] },
    ): Promise<Browser>;
  };
}

const library = tool("playwright-core/index.mjs");
const executable = findBrowser();
if (executable === undefined) {
  console.warn(
    "SKIPPED: no Chromium on PATH; ./setup --for test-browser installs one",
  );
}
/** Whether pages can be opened. */
export const canBrowse = library !== undefined && executable !== undefined;

/** Opens a page, calls `use`, and fails on errors that the page threw and caught nowhere. */
export async function withPage(
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const { chromium }: Playwright = await import(pathToFileURL(library!).href);
  // Chromium refuses to run as root with its own sandbox; the pages are ours.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: executable!, args });
  try {
    const page = await browser.newPage();
    const errors: Error[] = [];
    page.on("pageerror", (error) => errors.push(error));
    await use(page);
    if (errors.length > 0) {
      throw new Error(`the page failed: ${errors.join("\n")}`);
    }
  } finally {
    await browser.close();
  }
}
