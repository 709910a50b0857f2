import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Metrics } from "./events.ts";
import { type Json, merge } from "./recipe/override.ts";
import { parseRecipe, type Recipe } from "./recipe/parse.ts";
import { oorl, runAll, temporary, tinyModel } from "./tiny_fixture.ts";

const metricsOf = async (recipe: Recipe, folder: string): Promise<Metrics[]> =>
  (await runAll(recipe, folder, false)).flatMap((event) =>
    event.type === "metrics" ? [event.metrics] : []
  );

/** Sums in another order may differ in their last bits, and AdamW's first steps enlarge that. */
const same = (a: readonly Metrics[], b: readonly Metrics[], what: string): void => {
  assert.equal(a.length, b.length);
  a.forEach((metrics, i) => {
    for (const name of ["loss", "grad_norm"] as const) {
      const [x, y] = [metrics[name], b[i]![name]];
      assert.ok(x !== 0 && Math.abs(x - y) <= 1e-5 * Math.abs(x), `${what}: ${name} ${x}, ${y}`);
    }
  });
};

Deno.test("sft: neither packing, nor micro-batches, nor the room of a pass changes the loss", async () => {
  const folder = temporary();
  try {
    const rows = join(folder, "rows.jsonl");
    const lengths = [1, 9, 30, 2, 17, 5, 24, 3];
    writeFileSync(
      rows,
      lengths.map((n, i) =>
        JSON.stringify({
          prompt: `<|task|>${i}<|lua|>`,
          completion: `${"a = 1\n".repeat(n)}<|end|>`,
        }) +
        "\n"
      ).join(""),
    );
    const model = tinyModel(folder);
    const recipe = (changes: Json) =>
      parseRecipe(
        JSON.stringify(merge({
          method: "sft",
          model: { init: model },
          steps: 3,
          optimizer: { lr: 1e-3 },
          data: { path: rows, packing: false },
          batch: { size: lengths.length },
          engine: { tokens_per_pass: 1024, context: 256 },
        }, changes)),
        "invariance.json",
      );
    const plain = await metricsOf(recipe({}), join(folder, "plain"));
    const others: { readonly [name: string]: Json } = {
      packed: { data: { packing: true } },
      "one row at a time": { batch: { micro: 1 } },
      "three rows at a time": { batch: { micro: 3 } },
      "packed in small passes": { data: { packing: true }, engine: { tokens_per_pass: 256 } },
    };
    for (const [name, changes] of Object.entries(others)) {
      same(plain, await metricsOf(recipe(changes), join(folder, name)), name);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("oorl: rollouts accumulated in other portions give the same loss", async () => {
  const folder = temporary();
  try {
    const [first, ...others] = await Promise.all([6, 4, 1].map((micro) => {
      const own = join(folder, String(micro));
      mkdirSync(own);
      const batch = { size: 6, micro };
      return metricsOf(oorl(own, { steps: 1, batch, evaluate: { problems: 1 } }), join(own, "run"));
    }));
    for (const other of others) same(first!, other, "micro");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
