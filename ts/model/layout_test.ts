import { strict as assert } from "node:assert";
import fc from "fast-check";
import { parseModelConfig, weightsOf } from "./config.ts";
import { adapterLayout, modelLayout, packRows, partsOf } from "./layout.ts";
import { loraModules } from "./adapter.ts";
import { planMemory } from "./memory.ts";
import { readParameters } from "./parameters.ts";
import { sizesOf } from "./sizes.ts";

const configs = fc.record({
  architecture: fc.constantFrom("LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"),
  kv: fc.integer({ min: 1, max: 3 }),
  group: fc.integer({ min: 1, max: 3 }),
  half: fc.integer({ min: 1, max: 6 }),
  hidden: fc.integer({ min: 1, max: 13 }),
  mlp: fc.integer({ min: 1, max: 13 }),
  vocab: fc.integer({ min: 2, max: 40 }),
  tied: fc.boolean(),
}).map((o) =>
  parseModelConfig({
    architectures: [o.architecture],
    vocab_size: o.vocab,
    hidden_size: o.hidden,
    intermediate_size: o.mlp,
    num_hidden_layers: 2,
    num_attention_heads: o.kv * o.group,
    num_key_value_heads: o.kv,
    head_dim: 2 * o.half,
    tie_word_embeddings: o.tied,
  })
);

Deno.test("what is packed comes out again, in its own place, and nothing else is touched", async () => {
  await fc.assert(
    fc.asyncProperty(configs, fc.constantFrom(1, 2 ** 27), async (config, shard_bytes) => {
      for (
        const layout of [
          modelLayout(sizesOf(config)),
          adapterLayout(sizesOf(config), 3, loraModules),
        ]
      ) {
        const flat = new Float32Array(layout.words);
        let next = 1;
        const data = new Map([...partsOf(layout)].map((place) => {
          const length = place[0].shape.reduce((a, b) => a * b, 1);
          const values = Float32Array.from({ length }, () => next++);
          packRows(flat.subarray(place[1].start), place, values);
          return [place[0].name, values];
        }));
        const read = (start: number, words: number) => flat.subarray(start, start + words);
        const named = await readParameters(layout, shard_bytes, read);
        for (const [name, values] of data) assert.deepEqual(named.get(name)!.data, values);
        assert.equal(flat.filter((x) => x !== 0).length, next - 1);
      }
    }),
  );
});

Deno.test("the layout holds the tensors that the files must have", () => {
  fc.assert(fc.property(configs, (config) => {
    const parts = [...partsOf(modelLayout(sizesOf(config)))];
    const named = (all: { name: string; shape: readonly number[] }[]) =>
      all.map(({ name, shape }) => `${name} ${shape}`).sort();
    assert.deepEqual(named(parts.map(([part]) => part)), named([...weightsOf(config)]));
  }));
});

Deno.test("a memory plan adds up, grows with what is asked, and needs no device", () => {
  fc.assert(fc.property(configs, fc.integer({ min: 1, max: 500 }), (config, tokens_per_pass) => {
    const plan = (o: object) =>
      planMemory(config, { model: "", train: false, tokens_per_pass, context: 64, ...o });
    const [small, large] = [plan({}), plan({ train: true, slots: 4 })];
    for (const { parts, total_bytes } of [small, large]) {
      assert.equal(Object.values(parts).reduce((a, b) => a + b), total_bytes);
    }
    assert.ok(large.total_bytes > small.total_bytes);
    assert.ok(plan({ lora: { rank: 2, alpha: 4, targets: ["q_proj"], seed: 0 } }).total_bytes > 0);
  }));
});
