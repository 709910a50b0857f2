import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../tools/mod.ts";
import { downloadFolder } from "./download.ts";

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-download-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

Deno.test("a folder comes as a tar that unpacks to the same bytes", () =>
  inFolder(async (folder) => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    // A name like an option must stay a name.
    await mkdir(join(folder, "--adapter/inner"), { recursive: true });
    await writeFile(join(folder, "--adapter/weights"), bytes);
    await writeFile(join(folder, "--adapter/inner/config.json"), "{}");
    const response = await downloadFolder(join(folder, "--adapter"), "run-adapter", "none");
    assert.equal(response.headers.get("content-type"), "application/x-tar");
    assert.match(response.headers.get("content-disposition")!, /filename="run-adapter\.tar"/);
    await writeFile(join(folder, "it.tar"), new Uint8Array(await response.arrayBuffer()));
    await mkdir(join(folder, "out"));
    const { status } = spawnSync("tar", ["-C", join(folder, "out"), "-xf", join(folder, "it.tar")]);
    assert.equal(status, 0);
    assert.deepEqual(
      new Uint8Array(await readFile(join(folder, "out/--adapter/weights"))),
      bytes,
    );
    assert.equal(await readFile(join(folder, "out/--adapter/inner/config.json"), "utf8"), "{}");
  }));

Deno.test("what is not there, or no folder, is not found", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "file"), "");
    for (const name of ["absent", "file"]) {
      await assert.rejects(
        downloadFolder(join(folder, name), "x", "no adapter"),
        (error: unknown) =>
          error instanceof UserError && error.code === "not-found" &&
          error.message === "no adapter",
      );
    }
  }));

Deno.test("a reader that goes away ends the packing", () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, "model"));
    await writeFile(join(folder, "model/weights"), new Uint8Array(8 << 20));
    const response = await downloadFolder(join(folder, "model"), "m", "none");
    const reader = response.body!.getReader();
    assert.ok((await reader.read()).value!.length > 0);
    // Deno's test runner fails here if the process or its pipe is left open.
    await reader.cancel();
  }));
