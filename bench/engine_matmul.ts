/**
 * The engine's matrix product against a C loop on both cores: `deno run -A bench/engine_matmul.ts
 * [--provider dawn] [--json]`. Compiles `bench/peers/matmul.c` with `cc -O3 -march=native -ffast-math`.
 * The two take turns, and the best of each counts, so that what else runs on the machine matters less.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measurePeak, openDevice } from "../ts/model/mod.ts";

const TURNS = 5;

const provider = Deno.args.includes("dawn") ? "dawn" as const : "native" as const;
const folder = await mkdtemp(join(tmpdir(), "calque-matmul-"));
try {
  const program = join(folder, "matmul");
  const source = fileURLToPath(new URL("./peers/matmul.c", import.meta.url));
  const flags = ["-O3", "-march=native", "-ffast-math", "-pthread"];
  execFileSync("cc", [...flags, source, "-o", program]);
  let [ours, c] = [0, 0];
  for (let turn = 0; turn < TURNS; turn++) {
    c = Math.max(c, Number(execFileSync(program, { encoding: "utf8" })));
    const device = await openDevice(provider);
    ours = Math.max(ours, (await measurePeak(device)).matmul_gflop_per_s);
    device.close();
  }
  const result = { provider, gflop_per_s: ours, c_gflop_per_s: c, share: ours / c };
  if (Deno.args.includes("--json")) console.log(JSON.stringify(result));
  else console.table(result);
} finally {
  await rm(folder, { recursive: true });
}
