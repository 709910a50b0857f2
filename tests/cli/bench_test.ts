import assert from "node:assert/strict";
import { join } from "node:path";
import { calque, root } from "./calque.ts";

Deno.test("bench model plans eight billion weights in 4 bits without a device", async () => {
  const config = join(root, "assets/configs/qwen3-8b/config.json");
  const plan = async (...flags: string[]) => {
    const { code, stdout, stderr } = await calque([
      "bench",
      "model",
      "--config",
      config,
      "--plan",
      "--json",
      ...flags,
    ]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout).memory;
  };
  const [half, four] = [await plan(), await plan("--weights", "q4", "--recompute")];
  // 1.2 billion weights of embedding and head in halves, seven billion in 5 bits, and the adapter.
  assert.ok(four.parts.weights > 6 * 2 ** 30 && four.parts.weights < 7 * 2 ** 30);
  assert.ok(half.parts.weights > 15 * 2 ** 30 && half.parts.weights < 16 * 2 ** 30);
  assert.ok(four.parts.activations < half.parts.activations / 10);
});

Deno.test("bench model measures training and sampling with random weights", async () => {
  const config = join(root, "assets/seed");
  const { code, stdout, stderr } = await calque(
    ["bench", "model", "--config", config, "--tokens", "16", "--slots", "2", "--json"],
  );
  assert.equal(code, 0, stderr);
  const { trained_tokens_per_s, sampled_tokens_per_s, memory } = JSON.parse(stdout);
  assert.ok(trained_tokens_per_s > 0 && sampled_tokens_per_s > 0 && memory.total_bytes > 0);
  const refused = await calque(
    ["bench", "model", "--config", config, "--full", "--weights", "q4", "--plan"],
  );
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /"q4" weights are frozen/);
});
