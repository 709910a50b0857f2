/** Every method and algorithm on the bundled model: it runs, and what it learns is not nothing. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { algorithms } from "./objectives/mod.ts";
import { merge } from "./recipe/override.ts";
import type { Json } from "./recipe/override.ts";
import { parseRecipe } from "./recipe/parse.ts";
import { assets, runAll, temporary } from "./tiny_fixture.ts";

const quickstart = JSON.parse(readFileSync(`${assets}/../recipes/quickstart.json`, "utf8"));
const seedWeights = readFileSync(`${assets}/seed/model.safetensors`);

const pair = {
  prompt: "<|python|>def f(a):\n  return a + 1<|lua|>",
  chosen: "function f(a)\n  return a + 1\nend<|end|>",
  rejected: "function f(a)\n  return 1 - a\nend<|end|>",
};
const { prompt, chosen: completion } = pair;

/** What a method learns from, if it is neither tasks nor groups. */
const rows: { readonly [method: string]: object } = { sft: { prompt, completion }, dpo: pair };

const methods: readonly (readonly [name: string, changes: { readonly [key: string]: Json }])[] = [
  ["sft", { method: "sft" }],
  ["sft with LoRA", { method: "sft", lora: { rank: 2, alpha: 4 } }],
  ["dpo", { method: "dpo" }],
  ["gepo", { method: "gepo", objective: { gepo: { per_step: 1 } } }],
  ["softmax over the group", {
    method: "gepo",
    objective: { gepo: { loss: "softmax-group", per_step: 1, tiers: ["edited"] } },
  }],
  ["dpo on IR", { method: "gepo", objective: { gepo: { loss: "dpo", per_step: 2 } } }],
  ["oorl", { method: "oorl", objective: { gepo: { per_step: 1 } } }],
  ["dynamic sampling", {
    method: "rl",
    objective: { algorithm: "dapo", dynamic_sampling: true, overlong_cache: 16 },
  }],
  ...algorithms.map((algorithm) =>
    [algorithm, { method: "rl", objective: { algorithm }, optimizer: { warmup: 0 } }] as const
  ),
];

for (const [name, changes] of methods) {
  Deno.test(`five steps of ${name} on the bundled model change its weights`, async () => {
    const folder = temporary();
    try {
      const row = rows[String(changes.method)];
      const path = join(folder, "rows.jsonl");
      if (row !== undefined) writeFileSync(path, JSON.stringify(row) + "\n");
      const { evaluate: _, ...base } = quickstart;
      const recipe = merge(
        merge(base, {
          model: `${assets}/seed`,
          steps: 5,
          rollout: { tasks: `${assets}/tasks`, prompts_per_step: 6 },
          objective: { gepo: { groups: `${assets}/groups.jsonl` } },
        }),
        { ...changes, ...row && { data: { path } } },
      );
      const file = join(folder, "recipe.json");
      const events = await runAll(
        parseRecipe(JSON.stringify(recipe), file),
        join(folder, "run"),
        false,
      );
      const metrics = events.flatMap((event) => event.type === "metrics" ? [event.metrics] : []);
      assert.equal(metrics.length, 5);
      assert.ok(metrics.every(({ loss, skipped }) => Number.isFinite(loss) && skipped === 0));
      assert.ok(metrics.some(({ grad_norm }) => grad_norm > 0), "there was something to learn");
      for (const { reward, ...others } of metrics) {
        const sampled = others["dynamic_sampling/rollouts"];
        if (sampled === undefined) continue;
        assert.ok(sampled > 24 && sampled <= 96, `${sampled} rollouts, 24 of them trained`);
        assert.ok(reward! > 0 && reward! < 1);
      }
      const adapter = "lora" in changes;
      const made = join(
        folder,
        "run",
        adapter ? "adapter/adapter_model.safetensors" : "model/model.safetensors",
      );
      assert.ok(!readFileSync(made).equals(seedWeights));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
