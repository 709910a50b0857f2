/** A disk that is too small, and one that fills up while a run is going. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./calque.ts";
import { writeSmallModel } from "./small_model.ts";

/** A model of 2 MB from nothing and a recipe of 12 steps on given ids, of which every one is kept. */
const withRecipe = async (work: (folder: string) => void): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-disk-"));
  try {
    await writeSmallModel(folder);
    await writeFile(
      join(folder, "recipe.json"),
      JSON.stringify({
        method: "sft",
        model: { init: "model" },
        data: { path: "rows.jsonl" },
        steps: 12,
        optimizer: { lr: 1e-3 },
        checkpoint: { keep: 1 },
        engine: { tokens_per_pass: 64, context: 64 },
      }),
    );
    work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** Runs a script where `$disk` has room for so many bytes, as `calque` with the project's command line. */
const onDisk = (bytes: number, folder: string, script: string) => {
  const disk = join(folder, "disk");
  const commands = `cd ${folder}; disk=${disk}; calque() { "${Deno.execPath()}" run -A ` +
    `"${join(root, "apps/cli/main.ts")}" "$@"; }\n${script}`;
  const namespace = ["--dev-bind", "/", "/", "--size", String(bytes), "--tmpfs", disk];
  const { stdout, stderr } = spawnSync("bwrap", [...namespace, "sh", "-c", commands], {
    encoding: "utf8",
    env: { ...Deno.env.toObject(), NO_COLOR: "1" },
  });
  return { stdout, stderr };
};

Deno.test("a run that the disk cannot hold is refused before its first step", () =>
  withRecipe((folder) => {
    const { stdout, stderr } = onDisk(
      4 << 20,
      folder,
      "calque train recipe.json --out $disk/run; echo exit $?; ls $disk/run",
    );
    assert.match(
      stderr,
      /disk\/run: checkpoints and the result take \d+ MiB, and [34] MiB are free/,
    );
    assert.match(stdout, /exit 2\n/);
    assert.ok(!stderr.includes("step 1"), stderr);
  }));

Deno.test("a disk that fills up stops the run; with room again it goes on to the same weights", () =>
  withRecipe((folder) => {
    const { stdout, stderr } = onDisk(
      64 << 20,
      folder,
      `calque train recipe.json --out $disk/whole > /dev/null 2>&1
      calque train recipe.json --out $disk/run & run=$!
      until [ -d $disk/run/checkpoints/step-00000002 ]; do sleep 0.02; done
      cat /dev/zero > $disk/ballast 2> /dev/null
      wait $run; echo exit $?
      rm $disk/ballast
      calque train --resume $disk/run > /dev/null; echo exit $?
      wc -l < $disk/run/metrics.jsonl
      cmp $disk/run/model/model.safetensors $disk/whole/model/model.safetensors && echo same`,
    );
    assert.match(stderr, /no space left/i);
    assert.match(stdout, /exit 2\n(?:.*\n)*exit 0\n\s*12\nsame\n$/);
  }));
