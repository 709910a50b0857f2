import { strict as assert } from "node:assert";
import { fitTable } from "./fit.ts";

const PEAK = {
  matmul_gflop_per_s: 1000,
  copy_gbyte_per_s: 100,
  wait_ms: 1,
  lanes: "load",
} as const;

Deno.test("parameters are the published ones; less memory fits less; a faster adapter is faster", () => {
  const o = { context: 1024, slots: 16, memory_bytes: 8 * 2 ** 30 };
  const rows = fitTable(PEAK, o);
  const millions = new Map(rows.map(({ model, parameters }) => [model, parameters / 1e6]));
  // From the models' cards.
  for (
    const [name, count] of [
      ["HuggingFaceTB/SmolLM2-135M", 135],
      ["HuggingFaceTB/SmolLM2-360M", 362],
      ["Qwen/Qwen2.5-Coder-0.5B", 494],
      ["Qwen/Qwen3-0.6B", 596],
      ["meta-llama/Llama-3.2-1B", 1236],
      ["Qwen/Qwen2.5-Coder-1.5B", 1544],
      ["Qwen/Qwen3-8B", 8191],
    ] as const
  ) assert.equal(Math.round(millions.get(name)!), count);
  const fitting = (memory_bytes: number) =>
    fitTable(PEAK, { ...o, memory_bytes }).filter(({ fits }) => fits).length;
  assert.ok(fitting(2 ** 30) < fitting(2 ** 33) && fitting(2 ** 33) < fitting(2 ** 38));
  assert.equal(fitting(2 ** 38), rows.length);
  assert.equal(fitTable(PEAK, { context: 64, slots: 1 })[0]!.fits, undefined);
  const fast = fitTable({ ...PEAK, matmul_gflop_per_s: 2000 }, o);
  rows.forEach((row, i) => {
    assert.equal(Math.round(fast[i]!.trained_tokens_per_s / row.trained_tokens_per_s), 2);
    assert.ok(fast[i]!.sampled_tokens_per_s >= row.sampled_tokens_per_s);
  });
});
