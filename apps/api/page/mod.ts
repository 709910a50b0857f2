import { Hono } from "hono";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { openApiDocument } from "../openapi.ts";
import { referencePage } from "./reference.ts";

/** What needs no token: the page, the reference and the OpenAPI document. None of them holds data. */
export const pageRoutes = () => {
  const html = readFileSync(new URL("./runs.html", import.meta.url), "utf8");
  const document = openApiDocument();
  const reference = referencePage(document);
  return new Hono()
    .get("/", (c) => c.html(html, 200, { "content-security-policy": policyOf(html) }))
    .get(
      "/reference",
      (c) => c.html(reference, 200, { "content-security-policy": policyOf(reference) }),
    )
    .get("/openapi.json", (c) => c.json(document));
};

/** Nothing but the page's own script and style runs in it, and it talks to its own server alone. */
const policyOf = (html: string): string => {
  const hashes = (tag: string) =>
    [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))]
      .map(([, text]) => `'sha256-${createHash("sha256").update(text!).digest("base64")}'`);
  const sources = (tag: string) => hashes(tag).join(" ") || "'none'";
  return `default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; ` +
    `frame-ancestors 'none'; script-src ${sources("script")}; style-src ${sources("style")}`;
};
