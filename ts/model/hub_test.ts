/** Models from a hub. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "./errors.ts";
import { openModelFolder } from "./folder.ts";
import { findModel } from "./hub.ts";
import { commit, seed, weights, withHub } from "./hub_fixture.ts";

const failure = async (promise: Promise<unknown>): Promise<ModelError> => {
  const error = await promise.then(() => assert.fail("it should fail"), (error) => error);
  assert.ok(error instanceof ModelError, String(error));
  return error;
};

Deno.test("a model is fetched by name, goes on where it broke, and is there without a network", () =>
  withHub(async (hub) => {
    hub.breaks.push(1_000_000, 2_000_000);
    const told: number[] = [];
    const folder = await findModel("org/small", {
      ...hub,
      token: "secret",
      onProgress: (file, done, of) => {
        if (file === weights) told.push(done / of);
      },
    });
    assert.equal(folder, join(hub.cache, "models", "org--small", commit));
    assert.ok((await openModelFolder(folder)).tensors.size > 0);
    assert.deepEqual(await readFile(join(folder, weights)), readFileSync(join(seed, weights)));
    assert.deepEqual((await readdir(folder)).sort(), ["config.json", weights, "tokenizer.json"]);
    assert.equal(told.at(-1), 1);
    const transfers = hub.asked.filter(({ file }) => file === weights);
    assert.equal(transfers.length, 3);
    const [first, second, third] = transfers.map(({ range }) => Number(range?.match(/\d+/) ?? 0));
    assert.ok(first === 0 && second! > 0 && second! < third!, "each goes on further");
    // The token goes to the hub and not to its storage.
    assert.ok(transfers.every(({ token }) => token === undefined));
    assert.equal(hub.asked.find(({ file }) => file === "config.json")!.token, "Bearer secret");
    const before = hub.asked.length;
    assert.equal(await findModel("org/small", hub), folder);
    assert.equal(hub.asked.length, before, "nothing is fetched twice");
    hub.gone = true;
    assert.equal(await findModel("org/small", hub), folder);
  }));

Deno.test("what a hub cannot give is told with its address and the reason", () =>
  withHub(async (hub) => {
    const missing = await failure(findModel("org/large", hub));
    assert.match(missing.message, /api\/models\/org\/large\/revision\/main.*HTTP 404/);
    hub.private = true;
    assert.match((await failure(findModel("org/small", hub))).message, /HTTP 401.*HF_TOKEN/);
    hub.private = false;
    hub.spoilt = new Uint8Array(readFileSync(join(seed, weights)).length);
    const spoilt = await failure(findModel("org/small", hub));
    assert.match(
      spoilt.message,
      /model\.safetensors: checksum [0-9a-f]{64}; expected [0-9a-f]{64}/,
    );
    delete hub.spoilt;
    assert.ok((await openModelFolder(await findModel("org/small", hub))).tensors.size > 0);
    hub.gone = true;
    assert.match((await failure(findModel("org/other", hub))).message, /org\/other.*127\.0\.0\.1/);
    assert.match((await failure(findModel("nowhere", hub))).message, /folder, or ORG\/NAME/);
    assert.match((await failure(findModel("../a/b", hub))).message, /folder, or ORG\/NAME/);
  }));

Deno.test("a hub that sends no bytes is given up, and what came is kept", () =>
  withHub(async (hub) => {
    hub.breaks.push(1_000_000, ...Array.from({ length: 9 }, () => 0));
    const { message } = await failure(findModel("org/small", hub));
    assert.match(message, /5 times; \d{5,} of \d+ bytes are kept/);
    hub.breaks.length = 0;
    const folder = await findModel("org/small", hub);
    assert.equal(hub.asked.at(-1)!.range?.slice(0, 6), "bytes=");
    assert.ok((await openModelFolder(folder)).tensors.size > 0);
  }));

Deno.test("a folder is itself, whatever it is called", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-hub-"));
  try {
    await writeFile(join(folder, "config.json"), "{}");
    assert.equal(await findModel(folder), folder);
  } finally {
    await rm(folder, { recursive: true });
  }
});
