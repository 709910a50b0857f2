import assert from "node:assert/strict";
import { Effect, Stream } from "effect";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors } from "../model/mod.ts";
import { Sandbox } from "../sandbox/mod.ts";
import { sharedFolder } from "../shared.ts";
import type { Metrics } from "./events.ts";
import { parseRecipe } from "./recipe/parse.ts";
import { train } from "./train.ts";

const golden = sharedFolder("golden");

interface Expected {
  readonly losses: readonly number[];
  readonly grad_norms: readonly number[];
  readonly optimizer: object;
}

const relative = (a: Float32Array, b: Float32Array): number => {
  let [difference, size] = [0, 0];
  b.forEach((x, i) => {
    difference = Math.max(difference, Math.abs(a[i]! - x));
    size = Math.max(size, Math.abs(x));
  });
  return difference / size;
};

/** A run of supervised training through the recipe's front door, against what the files say. */
const runCase = async (model: string, expectedFolder: string, adapter?: string): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "calque-golden-"));
  try {
    const { sequences } = JSON.parse(readFileSync(join(model, "..", "batch.json"), "utf8"));
    const expected: Expected = JSON.parse(
      readFileSync(join(expectedFolder, "expected.json"), "utf8"),
    );
    const rows = join(folder, "rows.jsonl");
    writeFileSync(
      rows,
      sequences.map(({ ids, mask }: { ids: number[]; mask: number[] }) =>
        JSON.stringify({ ids, mask }) + "\n"
      ).join(""),
    );
    const recipe = parseRecipe(
      JSON.stringify({
        method: "sft",
        model,
        steps: 3,
        data: { path: rows, packing: false, shuffle: false },
        batch: { size: sequences.length, micro: 2 },
        optimizer: expected.optimizer,
        engine: { tokens_per_pass: 256 },
        ...(adapter === undefined ? {} : { lora: { adapter } }),
      }),
      "golden.json",
    );
    const metrics: Metrics[] = [];
    await train(recipe, { folder: join(folder, "run"), resume: false }).pipe(
      Stream.runForEach((event) =>
        Effect.sync(() => {
          if (event.type === "metrics") metrics.push(event.metrics);
        })
      ),
      Effect.provide(Sandbox.layer()),
      Effect.runPromise,
    );
    metrics.forEach(({ loss, grad_norm }, i) => {
      assert.ok(Math.abs(loss / expected.losses[i]! - 1) < 1e-4, `loss ${loss}`);
      assert.ok(Math.abs(grad_norm / expected.grad_norms[i]! - 1) < 1e-4, `norm ${grad_norm}`);
    });
    assert.equal(metrics.length, 3);
    const got = await readSafetensors(
      join(
        folder,
        "run",
        adapter ? "adapter/adapter_model.safetensors" : "model/model.safetensors",
      ),
    );
    const wanted = await readSafetensors(join(expectedFolder, "step3.safetensors"));
    for (const [name, tensor] of wanted.tensors) {
      const off = relative(await got.tensors.get(name)!.read(), await tensor.read());
      assert.ok(off < 1e-4, `${name}: off by ${off}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
};

for (const name of ["llama-gqa-tied", "qwen3-untied"]) {
  Deno.test({
    name: `three steps on ${name} through a recipe give the golden weights`,
    ignore: golden === undefined,
    fn: () => runCase(`${golden}/models/${name}/model`, `${golden}/models/${name}`),
  });
}

Deno.test({
  name: "three steps on an adapter through a recipe give the golden adapter",
  ignore: golden === undefined,
  fn: async () => {
    const cases: { name: string; base?: string }[] = JSON.parse(
      readFileSync(`${golden}/cases.json`, "utf8"),
    );
    const { base } = cases.find(({ name }) => name === "lora-rslora")!;
    const folder = `${golden}/lora/lora-rslora`;
    await runCase(`${golden}/${base}/model`, folder, `${folder}/adapter`);
  },
});
