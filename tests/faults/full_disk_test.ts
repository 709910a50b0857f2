/** A disk that fills up under a running server: the run pauses with the reason, and goes on with room. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { root } from "../cli/calque.ts";
import { writeSmallModel } from "../cli/small_model.ts";

const DISK_BYTES = 96 << 20;

/** A model of 2 MB from nothing, and rows of given ids. */
const makeInputs = async (folder: string): Promise<object> => {
  await writeSmallModel(folder);
  return {
    method: "sft",
    model: { init: join(folder, "model") },
    data: { path: join(folder, "rows.jsonl") },
    steps: 60,
    optimizer: { lr: 1e-3 },
    checkpoint: { every: 2, keep: 2 },
    engine: { tokens_per_pass: 64, context: 64 },
  };
};

Deno.test("a full disk pauses the run with the reason; with room it is resumed to the same weights", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-full-"));
  const disk = join(folder, "disk");
  const child = spawn("bwrap", [
    ...["--dev-bind", "/", "/", "--size", String(DISK_BYTES), "--tmpfs", disk, "--die-with-parent"],
    ...[Deno.execPath(), "run", "-A", join(root, "apps/cli/main.ts"), "serve", "--json"],
    ...["--port", "0", "--data", disk, "--read", folder],
  ], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const first = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    const { url, token } = JSON.parse(first.value!);
    const ask = async (method: string, path: string, body?: object) => {
      const response = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const said = await response.json();
      assert.ok(response.ok, JSON.stringify(said));
      return said;
    };
    const until = async (
      id: string,
      wanted: (run: { status: string; step: number }) => boolean,
    ) => {
      for (;;) {
        const run = await ask("GET", `/api/runs/${id}`);
        if (wanted(run)) return run;
        assert.ok(["queued", "running"].includes(run.status), JSON.stringify(run));
        await setTimeout(20);
      }
    };
    // The server's own view of the disk, from outside of it.
    const { pid } = await ask("GET", "/healthz").then(() => readLock(child.pid!, disk));
    const inside = `/proc/${pid}/root${disk}`;
    const weights = async (id: string) =>
      createHash("sha256").update(await readFile(join(inside, id, "model/model.safetensors")))
        .digest("hex");

    const recipe = await makeInputs(folder);
    const { id: whole } = await ask("POST", "/api/runs", { recipe, name: "whole" });
    await until(whole, ({ status }) => status === "done");
    const { id } = await ask("POST", "/api/runs", { recipe, name: "cut" });
    await until(id, ({ step }) => step >= 6);
    const ballast = await open(join(inside, "ballast"), "w");
    const block = new Uint8Array(1 << 20);
    await (async () => {
      for (;;) await ballast.write(block);
    })().catch((error) => assert.equal(error.code, "ENOSPC"));
    await ballast.close();

    const paused = await until(id, ({ status }) => status === "paused");
    assert.match(paused.error, /no space left.*make room, then resume/);
    assert.ok(paused.step < 60);
    assert.equal((await ask("GET", "/api/runs")).data.length, 2);
    await rm(join(inside, "ballast"));
    await ask("POST", `/api/runs/${id}/resume`);
    const done = await until(id, ({ status }) => status === "done");
    assert.deepEqual([done.step, done.error], [60, null]);
    assert.equal(await weights(id), await weights(whole));
  } finally {
    const gone = once(child, "exit");
    if (child.exitCode === null) {
      process.kill(child.pid!, "SIGTERM");
      await gone;
    }
    await rm(folder, { recursive: true });
  }
});

/** The server's process: a child of the sandbox's. */
const readLock = async (parent: number, disk: string): Promise<{ readonly pid: number }> => {
  const children = (await readFile(`/proc/${parent}/task/${parent}/children`, "utf8")).trim();
  for (const pid of [parent, ...children.split(" ").filter((each) => each !== "").map(Number)]) {
    const lock = await readFile(`/proc/${pid}/root${disk}/server.json`, "utf8").catch(() => "");
    if (lock !== "") return { pid };
  }
  throw new Error("no process of the sandbox sees the disk");
};
