/** States against the head: the last layer's, normed and projected by hand, are the engine's own logits. */
import { strict as assert } from "node:assert";
import { fileURLToPath } from "node:url";
import { Core } from "./core.ts";
import { openModelFolder } from "./folder.ts";

const folder = fileURLToPath(new URL("../../assets/seed", import.meta.url));

Deno.test("the states of the last layer give the logits; each row has its own, whatever it is beside", async () => {
  const { config, tensors } = await openModelFolder(folder);
  const core = await Core.open({ model: folder, train: false, tokens_per_pass: 32, context: 32 });
  try {
    const rows = [[5, 9, 40, 3], [7, 8, 9, 10, 11, 12, 13], [300]].map((ids) =>
      Uint32Array.from(ids)
    );
    const states = await core.states(rows);
    const { hidden_size: D, num_hidden_layers: L, vocab_size: V, rms_norm_eps } = config;
    assert.deepEqual(states.map(({ length }) => length), rows.map(() => L * D));
    const read = (name: string) => tensors.get(name)!.read();
    const [gain, table] = [
      await read("model.norm.weight"),
      await read("model.embed_tokens.weight"),
    ];
    for (const [i, row] of rows.entries()) {
      const x = states[i]!.subarray((L - 1) * D);
      const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / D + rms_norm_eps);
      const logits = (await core.logits(row)).subarray(-V);
      for (let v = 0; v < V; v += 7) {
        let sum = 0;
        for (let d = 0; d < D; d++) sum += x[d]! * scale * gain[d]! * table[v * D + d]!;
        assert.ok(Math.abs(sum - logits[v]!) < 2e-3, `row ${i}, logit ${v}: ${sum} ${logits[v]}`);
      }
      const [alone] = await core.states([row]);
      assert.deepEqual(alone, states[i]);
      // Layers differ.
      assert.notDeepEqual(alone!.slice(0, D), alone!.slice(D, 2 * D));
    }
  } finally {
    core.close();
  }
});
