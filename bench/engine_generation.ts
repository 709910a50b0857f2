/**
 * Generation against transformers.js, in one run on one adapter: `deno run -A bench/engine_generation.ts
 * --python PYTHON [--json]`. The bundled model, 64 prompts of 64 tokens, 64 new tokens each, and the
 * first prompt alone; greedy, so that equal tokens show that it is the same model.
 *
 * Peers by `npm install --ignore-scripts` in `bench/peers`; PYTHON has `onnx`, `numpy` and `safetensors`,
 * and writes the model as ONNX. A back end that does not start is listed with its error.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runPeer } from "./peers/run.ts";
import type { GenerationResult, GenerationTask } from "./peers/task.ts";

const [ROWS, LENGTH, TOKENS] = [64, 64, 64];
const VOCAB = 512;

const script = (name: string) => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const model = fileURLToPath(new URL("../assets/seed", import.meta.url));
const python = Deno.args.includes("--python")
  ? Deno.args[Deno.args.indexOf("--python") + 1]!
  : "python3";
const folder = await mkdtemp(join(tmpdir(), "calque-generation-"));
try {
  const onnx = [script("export_onnx.py"), model, join(folder, "onnx")];
  const { status, error, stderr } = spawnSync(python, onnx, { encoding: "utf8" });
  // Without it the peers fail and are listed so; this is why.
  if (status !== 0) console.error(error?.message ?? stderr.trim().split("\n").at(-1));
  const prompts = Array.from(
    { length: ROWS },
    (_, r) => Array.from({ length: LENGTH }, (_, t) => (t * t * 3 + 31 * r + 7) % VOCAB),
  );
  const task: GenerationTask = { model, prompts, tokens: TOKENS };
  await writeFile(join(folder, "generation.json"), JSON.stringify(task));

  const peers: [name: string, script: string, ...args: string[]][] = [
    ["Calque", "calque_generation.ts"],
    ["Calque under Dawn", "calque_generation.ts", "dawn"],
    ["transformers.js, cpu", "transformers_js.ts", "cpu"],
    ["transformers.js, wasm", "transformers_js.ts", "wasm"],
    ["transformers.js, webgpu", "transformers_js.ts", "webgpu"],
    ["transformers.js, webgpu-native", "transformers_js.ts", "webgpu-native"],
  ];
  let ours: GenerationResult | undefined;
  const rows = peers.map(([peer, file, ...args]) => {
    const result = runPeer<GenerationResult>(script(file), [folder, ...args]);
    if ("error" in result) return { peer, ...result };
    ours ??= result;
    const { ids, ...rest } = result;
    const same = ids.flatMap((row, r) => row.filter((id, t) => id === ours!.ids[r]![t])).length;
    return { peer, ...rest, same_tokens: `${same} of ${ids.flat().length}` };
  });
  if (Deno.args.includes("--json")) console.log(JSON.stringify(rows));
  else console.table(rows);
} finally {
  await rm(folder, { recursive: true });
}
