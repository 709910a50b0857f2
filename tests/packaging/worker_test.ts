/** The package in Cloudflare's runtime, where a worker gets its module compiled and may not compile bytes itself. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { expected, project, tool, use } from "./consumer.ts";

const workerd = tool("@cloudflare/workerd-linux-64/bin/workerd");

/** A port that was free a moment ago. */
const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

// A bundler would choose the entry by the package's "workerd" condition; here its target is named.
const config = (port: number) =>
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "main.js", esModule = embed "main.js"),
    (name = "node_modules/calque/workerd.js", esModule = embed "node_modules/calque/workerd.js"),
    (name = "node_modules/calque/calque.js", esModule = embed "node_modules/calque/calque.js"),
    (name = "node_modules/calque/calque_wasm.js", esModule = embed "node_modules/calque/calque_wasm.js"),
    (name = "node_modules/calque/calque_wasm_bg.wasm", wasm = embed "node_modules/calque/calque_wasm_bg.wasm"),
  ],
  compatibilityDate = "2026-01-01",
);
`;

const main = (entry: string) =>
  `import * as calque from "./node_modules/calque/${entry}";
export default {
  fetch() {
    ${use}
    return Response.json(found);
  },
};
`;

/** The same worker with the slim entry, which the worker initialises with the module that it imports. */
const slim = `import module from "./node_modules/calque/calque_wasm_bg.wasm";
import { initSync } from "./node_modules/calque/calque.js";
initSync(module);
${main("calque.js")}`;

Deno.test({
  name: "Cloudflare's workerd: the worker entry, and slim with initSync",
  ignore: workerd === undefined,
  async fn() {
    for (
      const [entry, text] of Object.entries({
        worker: main("workerd.js"),
        slim,
      })
    ) {
      const port = await freePort();
      await using consumer = await project({
        "main.js": text,
        "config.capnp": config(port),
      });
      const exports = JSON.parse(
        await Deno.readTextFile(
          `${consumer.folder}/node_modules/calque/package.json`,
        ),
      ).exports["."];
      assert.equal(exports.workerd, "./workerd.js");
      const server = spawn(workerd!, ["serve", "config.capnp"], {
        cwd: consumer.folder,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let complaints = "";
      server.stderr.on("data", (chunk) => complaints += chunk);
      const ended = new Promise<void>((resolve) => server.on("close", () => resolve()));
      try {
        let response: Response | undefined;
        while (response === undefined && server.exitCode === null) {
          response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        assert.ok(response, complaints);
        assert.deepEqual(await response.json(), expected, entry);
      } finally {
        server.kill();
        await ended;
      }
    }
  },
});
