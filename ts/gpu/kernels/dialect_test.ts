/** Every kernel stays in what both WGSL compilers accept, and within WebGPU's default limits. */
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Kernel, LANES, moduleText } from "../kernel.ts";
import * as gpu from "../mod.ts";

const kernels: Kernel[] = [
  ...Object.values(gpu).filter((value): value is Kernel & typeof value =>
    typeof value === "object" && "code" in value
  ),
  ...(["f32", "f16", "q4"] as const).flatMap((format) => [
    gpu.embedding(format),
    gpu.matmulNT(format),
    gpu.matmulNN(format),
  ]),
  gpu.rope("f32"),
  gpu.rope("f16"),
  ...[8, 32].flatMap((head) => [
    gpu.attention(head, "block"),
    gpu.attention(head, "row"),
    gpu.attention(head, "row", 2),
    gpu.attention(head, "row", 2, "f16"),
    gpu.attentionBackwardQuery(head),
    gpu.attentionBackwardKey(head),
  ]),
];

Deno.test("no kernel binds more than eight storage buffers; names are their own", () => {
  assert.ok(kernels.length > 30);
  for (const { name, buffers } of kernels) assert.ok(Object.keys(buffers).length <= 8, name);
  assert.equal(new Set(kernels.map(({ name }) => name)).size, kernels.length);
});

const tools = (["naga", "tint"] as const).filter((tool) => {
  const there = spawnSync(tool, ["--version"]).error === undefined;
  if (!there) console.warn(`SKIPPED: ${tool} is not on PATH; its dialect of WGSL is not checked`);
  return there;
});

for (const tool of tools) {
  Deno.test(`${tool} accepts every kernel`, () => {
    const folder = mkdtempSync(join(tmpdir(), "calque-wgsl-"));
    try {
      for (const kernel of kernels) {
        for (const lanes of LANES) {
          const file = join(folder, `${kernel.name}.wgsl`);
          writeFileSync(file, moduleText(kernel, lanes, tool));
          const args = tool === "tint" ? ["--format", "wgsl", file] : [file];
          const { status, stdout, stderr } = spawnSync(tool, args, { encoding: "utf8" });
          assert.equal(status, 0, `${kernel.name} (${lanes}): ${stdout}${stderr}`.slice(0, 2000));
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
