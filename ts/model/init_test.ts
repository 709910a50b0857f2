import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openModelFolder } from "./folder.ts";
import { freshModel, initModelFolder } from "./init.ts";

const config = {
  architectures: ["LlamaForCausalLM"],
  vocab_size: 64,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  tie_word_embeddings: true,
};

Deno.test("fresh weights have the stated spread and are a function of the seed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-init-"));
  try {
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    await writeFile(join(folder, "tokenizer.json"), "{}");
    const read = async (name: string, seed: number, tensor: string) => {
      await initModelFolder(folder, join(folder, name), seed);
      return await (await openModelFolder(join(folder, name))).tensors.get(tensor)!.read();
    };
    const spreadOf = (values: Float32Array): number =>
      Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    const embed = await read("a", 1, "model.embed_tokens.weight");
    assert.ok(Math.abs(spreadOf(embed) - 0.02) < 0.001);
    assert.ok(Math.abs(embed.reduce((a, b) => a + b, 0) / embed.length) < 0.001);
    const down = await read("a", 1, "model.layers.1.mlp.down_proj.weight");
    assert.ok(Math.abs(spreadOf(down) - 0.01) < 0.0006);
    assert.deepEqual(new Set(await read("a", 1, "model.norm.weight")), new Set([1]));
    assert.deepEqual(await read("b", 1, "model.embed_tokens.weight"), embed);
    assert.notDeepEqual(await read("c", 2, "model.embed_tokens.weight"), embed);
    const gate = await read("a", 1, "model.layers.0.mlp.gate_proj.weight");
    assert.notDeepEqual(gate, await read("a", 1, "model.layers.1.mlp.gate_proj.weight"));
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("a model from its configuration alone has the weights that its files would have", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-init-"));
  try {
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    await initModelFolder(folder, join(folder, "files"), 7);
    const files = await openModelFolder(join(folder, "files"));
    for (const source of [folder, join(folder, "config.json")]) {
      const { tensors } = await freshModel(source, 7);
      assert.deepEqual([...tensors.keys()].sort(), [...files.tensors.keys()].sort());
      for (const [name, tensor] of files.tensors) {
        assert.deepEqual(await tensors.get(name)!.read(3, 40), await tensor.read(3, 40));
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
