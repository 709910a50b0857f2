/** The engine and the trainer under Bun, whose WebGPU is Dawn (npm `webgpu`). */
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

const there = spawnSync("bun", ["--version"]).error === undefined;
if (!there) console.warn("SKIPPED: bun is not installed; the engine was not tried under it");

const files = ["ts/model/*_test.ts", "ts/train/**/*_test.ts"]
  .flatMap((pattern) => globSync(pattern, { cwd: root })).sort();

for (const file of files) {
  Deno.test({
    name: `under Bun: ${file}`,
    ignore: !there,
    fn: () => {
      const { stdout, stderr } = spawnSync("bun", ["tests/bun/run.ts", file], {
        cwd: root,
        encoding: "utf8",
      });
      const lines = stdout.split("\n");
      const passed = lines.filter((line) => line.startsWith("ok "));
      const wrong = lines.filter((line) => line.startsWith("FAILED "));
      assert.ok(passed.length > 0, `nothing ran: ${stdout}${stderr}`.slice(0, 2000));
      assert.deepEqual(wrong, []);
    },
  });
}
