/**
 * Training against peers, in one run on one adapter: `deno run -A bench/engine_peers.ts [--large]
 * [--python PYTHON] [--json]`. A Llama of 0.9M parameters (with `--large`, 10M), 4 rows of 128 tokens,
 * random weights; ten steps whose losses must agree to 1e-3, ten more that are timed.
 *
 * Peers live in `bench/peers`: `npm install --ignore-scripts` there. One that does not start is listed
 * with its error.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { initModelFolder } from "../ts/model/mod.ts";
import { runPeer } from "./peers/run.ts";
import type { Result, Task } from "./peers/task.ts";

const [ROWS, LENGTH] = [4, 128];
const SMALL = {
  vocab_size: 512,
  hidden_size: 128,
  intermediate_size: 384,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
};
const LARGE = {
  ...SMALL,
  vocab_size: 4096,
  hidden_size: 320,
  intermediate_size: 960,
  num_hidden_layers: 7,
  num_attention_heads: 10,
  num_key_value_heads: 5,
};

const script = (name: string) => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const python = Deno.args[Deno.args.indexOf("--python") + 1];
const peers: { peer: string; file: string; args?: string[]; program?: string | undefined }[] = [
  { peer: "Calque", file: "calque.ts" },
  { peer: "Calque under Dawn", file: "calque.ts", args: ["dawn"] },
  { peer: "jax-js", file: "jax.ts" },
  { peer: "TensorFlow.js", file: "tfjs.ts" },
  ...(Deno.args.includes("--python")
    ? [{ peer: "PyTorch", file: "pytorch.py", program: python }]
    : []),
];

const folder = await mkdtemp(join(tmpdir(), "calque-peers-"));
try {
  const shape = Deno.args.includes("--large") ? LARGE : SMALL;
  const model = join(folder, "model");
  await initModelFolder(shape, model, 1);
  const ids = Array.from(
    { length: ROWS },
    (_, r) =>
      Array.from(
        { length: LENGTH },
        (_, t) => (t * t * 3 + 31 * r + 7) % shape.vocab_size,
      ),
  );
  const task: Task = {
    model,
    ids,
    steps: 10,
    lr: 1e-3,
    betas: [0.9, 0.95],
    eps: 1e-8,
  };
  await writeFile(join(folder, "task.json"), JSON.stringify(task));

  let ours: Result | undefined;
  const rows = peers.map(({ peer, file, args = [], program }) => {
    const result = runPeer<Result>(script(file), [folder, ...args], program);
    if ("error" in result) return { peer, ...result };
    ours ??= result;
    const gap = Math.max(
      ...result.losses.map((loss, i) => Math.abs(loss - ours!.losses[i]!)),
    );
    const { version, device, tokens_per_s, first_step_s } = result;
    const last_loss = result.losses.at(-1)!;
    return {
      peer,
      version,
      device,
      tokens_per_s,
      first_step_s,
      last_loss,
      gap,
    };
  });
  if (Deno.args.includes("--json")) console.log(JSON.stringify(rows));
  else console.table(rows);
} finally {
  await rm(folder, { recursive: true });
}
