/**
 * PEFT round trip: `deno run -A bench/engine_peft.ts --python PYTHON [--json]`, where PYTHON has the
 * packages `torch`, `transformers` and `peft`. Without one, it says so and does nothing.
 *
 * Adapters that PEFT wrote are loaded here, trained on, and saved; those and fresh ones of ours are loaded
 * by PEFT. Compared are the logits of either side: max |a - b| / max |b|. Exits 1 above 1e-4.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Core } from "../ts/model/core.ts";
import { readSafetensors, writeSafetensors } from "../ts/model/safetensors.ts";

interface Row {
  readonly case: string;
  readonly adapter: string;
  readonly error: number;
  /** How far the adapter moves the base model's logits, measured likewise. */
  readonly moved?: number;
}

const ALLOWED = 1e-4;
const at = Deno.args.indexOf("--python");
if (at < 0) {
  console.log("engine_peft: needs --python PYTHON with torch, transformers and peft; skipped");
  Deno.exit(0);
}
const script = fileURLToPath(new URL("./peers/peft_round_trip.py", import.meta.url));
const python = (...args: string[]) =>
  JSON.parse(execFileSync(Deno.args[at + 1]!, [script, ...args], { encoding: "utf8" }));

const root = await mkdtemp(join(tmpdir(), "calque-peft-"));
try {
  const { cases, ids, versions } = python("make", root) as {
    cases: string[];
    ids: number[];
    versions: Record<string, string>;
  };
  const rows: Row[] = [];
  for (const name of cases) {
    const folder = join(root, name);
    const theirs = { adapter: join(folder, "theirs"), lora: "continue" as const };
    await withEngine(folder, theirs, async (core) => {
      const { tensors } = await readSafetensors(join(folder, "theirs.safetensors"));
      const want = await tensors.get("logits")!.read();
      const error = relativeError(await core.logits(Uint32Array.from(ids)), want);
      rows.push({ case: name, adapter: "PEFT's, loaded here", error });
      await trainAndSave(core, folder, "continued", ids);
    });
    const lora = { rank: 8, alpha: 16, targets: ["q_proj", "o_proj", "down_proj"], seed: 1 };
    await withEngine(
      folder,
      { lora: { ...lora, rslora: name === "llama" } },
      (core) => trainAndSave(core, folder, "fresh", ids),
    );
  }
  for (const { adapter, ...row } of python("check", root) as Row[]) {
    rows.push({ ...row, adapter: `ours, ${adapter}, loaded by PEFT` });
  }
  if (Deno.args.includes("--json")) console.log(JSON.stringify({ versions, rows }));
  else {
    console.log(Object.entries(versions).map((pair) => pair.join(" ")).join(", "));
    console.table(rows);
  }
  if (rows.some(({ error }) => !(error <= ALLOWED))) Deno.exitCode = 1;
} finally {
  await rm(root, { recursive: true });
}

async function withEngine(
  folder: string,
  options: Partial<Parameters<typeof Core.open>[0]>,
  run: (core: Core) => Promise<void>,
): Promise<void> {
  const model = join(folder, "base");
  const core = await Core.open({
    model,
    train: true,
    tokens_per_pass: 64,
    context: 64,
    ...options,
  });
  try {
    await run(core);
  } finally {
    core.close();
  }
}

async function trainAndSave(
  core: Core,
  folder: string,
  name: string,
  ids: readonly number[],
): Promise<void> {
  const row = Uint32Array.from(ids);
  const dlogp = new Float32Array(row.length).fill(-1 / row.length);
  for (let step = 0; step < 3; step++) {
    await core.accumulate([row], [dlogp], { temperature: 1 });
    await core.update({
      lr: 0.02,
      betas: [0.9, 0.95],
      eps: 1e-8,
      weight_decay: 0,
      clip_norm: 1,
    });
  }
  await core.saveAdapter(join(folder, name));
  const data = await core.logits(row);
  const logits = { shape: [row.length, data.length / row.length], data };
  await writeSafetensors(join(folder, `${name}.safetensors`), new Map([["logits", logits]]));
}

function relativeError(a: Float32Array, b: Float32Array): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    size = Math.max(size, Math.abs(b[i]!));
  }
  return a.length === b.length ? difference / size : NaN;
}
