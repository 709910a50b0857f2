/** A vocabulary whose logits do not exist all at once: chunks of rows, forward and backward. */
import { strict as assert } from "node:assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Core } from "./core.ts";
import { openModelFolder } from "./folder.ts";
import { logitsRows } from "./memory.ts";
import { initModelFolder } from "./init.ts";
import { sizesOf } from "./sizes.ts";
import { twinModel } from "./twin_fixture.ts";

Deno.test({
  name: "a vocabulary of 150,000 goes through in chunks and meets the twin",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = await mkdtemp(join(tmpdir(), "calque-chunks-"));
    try {
      await initModelFolder(
        {
          vocab_size: 150_001,
          hidden_size: 6,
          intermediate_size: 5,
          num_hidden_layers: 1,
          num_attention_heads: 1,
          num_key_value_heads: 1,
          head_dim: 4,
          tie_word_embeddings: false,
          initializer_range: 1,
        },
        folder,
        3,
      );
      const { config, tensors } = await openModelFolder(folder);
      const plan = { train: true, tokens_per_pass: 80, context: 50, slots: 0 };
      assert.equal(logitsRows(sizesOf(config), plan), 64);
      const core = await Core.open({ model: folder, ...plan });
      try {
        const rows = [49, 20, 12].map((length, i) =>
          Uint32Array.from({ length }, (_, t) => (t * 7919 + i * 104_729) % 150_001)
        );
        const dlogp = rows.map((row) => Float32Array.from(row, (_, t) => Math.cos(t)));
        const { logProbs } = await core.accumulate(rows, dlogp, { temperature: 1 });
        const gradients = await core.gradients();
        const weights = new Map<string, Float64Array>();
        for (const [name, t] of tensors) weights.set(name, Float64Array.from(await t.read()));
        const twin = twinModel(config, weights, rows, { temperature: 1, dlogp });
        twin.logProbs.forEach((row, i) => close(`row ${i}`, logProbs[i]!, row));
        for (const [name, g] of twin.gradients) close(name, gradients.get(name)!.data, g);
      } finally {
        core.close();
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});

const close = (what: string, a: ArrayLike<number>, b: ArrayLike<number>): void => {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    size = Math.max(size, Math.abs(b[i]!));
  }
  // A chain of 150,001 additions in 32 bits; shorter ones stay below 1e-4.
  assert.ok(difference <= 3e-4 * size, `${what}: ${difference} of ${size}`);
};
