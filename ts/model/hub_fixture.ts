/** A server with a hub's paths, redirects and faults, that has the bundled model as `org/small`. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const seed = fileURLToPath(new URL("../../assets/seed", import.meta.url));
export const commit = "0123456789abcdef0123456789abcdef01234567";
export const weights = "model.safetensors";

export interface Hub {
  readonly endpoint: string;
  readonly cache: string;
  /** Ranges and tokens of every request for a file's bytes. */
  readonly asked: { file: string; range: string | undefined; token: string | undefined }[];
  /** Bytes of the weights after which the connection breaks; once each. */
  readonly breaks: number[];
  /** What the weights are instead. */
  spoilt?: Uint8Array;
  gone?: boolean;
  private?: boolean;
}

export const withHub = async (work: (hub: Hub) => Promise<void>): Promise<void> => {
  const cache = await mkdtemp(join(tmpdir(), "calque-hub-"));
  const files = new Map(
    ["config.json", "tokenizer.json", weights].map((
      name,
    ) => [name, readFileSync(join(seed, name))]),
  );
  files.set("pytorch_model.bin", Buffer.from("never asked for"));
  const git = (bytes: Buffer) =>
    createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url!, "http://hub");
    const token = request.headers.authorization;
    if (hub.gone) return void response.destroy();
    if (hub.private && token === undefined) return void response.writeHead(401).end();
    if (url.pathname === "/api/models/org/small/revision/main") {
      assert.equal(url.searchParams.get("blobs"), "true");
      const siblings = [...files].map(([rfilename, bytes]) => ({
        rfilename,
        size: bytes.length,
        blobId: git(bytes),
        ...(rfilename.includes("safetensors")
          ? { lfs: { sha256: createHash("sha256").update(bytes).digest("hex") } }
          : {}),
      }));
      return void response.end(
        JSON.stringify({ sha: commit, siblings: [...siblings, { rfilename: "../up", size: 1 }] }),
      );
    }
    const [, place, file] =
      /^\/(org\/small\/resolve|storage)\/(?:\w+\/)?(.+)$/.exec(url.pathname) ?? [];
    const bytes = file === weights ? hub.spoilt ?? files.get(file) : files.get(file ?? "");
    if (bytes === undefined) return void response.writeHead(404).end();
    // Large files lie elsewhere, on another origin.
    if (file === weights && place !== "storage") {
      const port = (server.address() as AddressInfo).port;
      return void response
        .writeHead(302, { location: `http://localhost:${port}/storage/${file}?signature=1` }).end();
    }
    const { range } = request.headers;
    hub.asked.push({ file: file!, range, token });
    const start = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)![1]);
    response.writeHead(range === undefined ? 200 : 206, {
      "content-length": bytes.length - start,
      ...(range === undefined ? {} : { "content-range": `bytes ${start}-*/${bytes.length}` }),
    });
    const end = file === weights ? hub.breaks.shift() : undefined;
    if (end === undefined) return void response.end(bytes.subarray(start));
    response.write(bytes.subarray(start, end), () => setTimeout(() => response.destroy(), 50));
  };
  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hub: Hub = { endpoint, cache, asked: [], breaks: [] };
  try {
    await work(hub);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await rm(cache, { recursive: true });
  }
};
