import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Buffer } from "node:buffer";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { sharedFolder } from "../shared.ts";
import { openAdapterFolder, saveAdapterFolder } from "./adapter.ts";
import { parseModelConfig } from "./config.ts";
import { ModelError } from "./errors.ts";
import { openModelFolder, readModelConfig, saveModelFolder } from "./folder.ts";
import { readSafetensors, widen, writeSafetensors } from "./safetensors.ts";

const golden = sharedFolder("golden");

const inScratch = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const tensors = () =>
  new Map([
    ["b", { shape: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) }],
    ["a", { shape: [1], data: new Float32Array([-0.5]) }],
    ["empty", { shape: [0, 4], data: new Float32Array(0) }],
  ]);

Deno.test("safetensors: what is written is read back", () =>
  inScratch(async (folder) => {
    const file = join(folder, "x.safetensors");
    await writeSafetensors(file, tensors(), { format: "pt", step: "3" });
    const read = await readSafetensors(file);
    assert.deepEqual(read.metadata, { format: "pt", step: "3" });
    assert.deepEqual([...read.tensors.keys()].sort(), ["a", "b", "empty"]);
    for (const [name, { shape, data }] of tensors()) {
      assert.deepEqual(read.tensors.get(name)!.shape, shape);
      assert.deepEqual(await read.tensors.get(name)!.read(), data);
    }
  }));

Deno.test("safetensors: any cut or changed byte of the header is a ModelError or the same tensors' names", () =>
  inScratch(async (folder) => {
    const file = join(folder, "x.safetensors");
    await writeSafetensors(file, tensors());
    const good = await readFile(file);
    const headerEnd = 8 + Number(good.readBigUInt64LE(0));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(headerEnd - 1),
        fc.nat(255),
        fc.option(fc.nat(good.length - 1)),
        async (at, byte, cut) => {
          const bad = Buffer.from(good.subarray(0, cut ?? good.length));
          if (at < bad.length) bad[at] = byte;
          await writeFile(file, bad);
          try {
            for (const tensor of (await readSafetensors(file)).tensors.values()) {
              await tensor.read();
            }
            assert.equal(bad.length, good.length, "a cut file was accepted");
          } catch (error) {
            assert.ok(error instanceof ModelError, String(error));
            assert.ok(error.message.includes(file));
          }
        },
      ),
      { numRuns: 300 },
    );
  }));

Deno.test("F16 and BF16 widen exactly: all 65,536 patterns against DataView's own halves", () => {
  const halves = new Uint16Array(65536).map((_, i) => i);
  const bytes = new Uint8Array(halves.buffer);
  const view = new DataView(halves.buffer) as DataView & {
    getFloat16(at: number, little: boolean): number;
  };
  const half = widen(bytes, "F16");
  const brain = widen(bytes, "BF16");
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  for (let i = 0; i < 65536; i++) {
    assert.ok(Object.is(half[i], view.getFloat16(2 * i, true)), `F16 ${i}`);
    bits[0] = i << 16;
    assert.ok(Object.is(brain[i], float[0]), `BF16 ${i}`);
  }
});

Deno.test("config: what is not supported is named with its key", () => {
  const base = {
    architectures: ["LlamaForCausalLM"],
    vocab_size: 8,
    hidden_size: 8,
    intermediate_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
  };
  assert.equal(parseModelConfig(base).head_dim, 4);
  for (
    const [change, words] of [
      [{ architectures: ["GPT2LMHeadModel"] }, /GPT2LMHeadModel.*LlamaForCausalLM/],
      [{ hidden_act: "gelu" }, /hidden_act.*gelu/],
      [{ rope_scaling: { rope_type: "yarn" } }, /rope type "yarn"/],
      [{ vocab_size: "8" }, /vocab_size.*"8"/],
      [{ num_key_value_heads: 3 }, /multiple/],
      [{ head_dim: 3 }, /even/],
      [{ use_sliding_window: true }, /use_sliding_window/],
      [{ sliding_window: 4096 }, /sliding_window.*4096.*null/],
      [{ layer_types: ["full_attention", "sliding_attention"] }, /layer_types.*sliding_attention/],
      [{ torch_dtype: "float8_e4m3fn" }, /torch_dtype.*float8_e4m3fn.*bfloat16/],
      [{ dtype: "int8" }, /"dtype" is "int8"/],
      [{ quantization_config: { bits: 4 } }, /quantization_config.*q4/],
      [{ attention_bias: true }, /attention_bias/],
      [{ rope_parameters: { partial_rotary_factor: 0.5 } }, /partial_rotary_factor.*0.5/],
    ] as const
  ) {
    assert.throws(() => parseModelConfig({ ...base, ...change }), (error: unknown) => {
      assert.ok(error instanceof ModelError);
      assert.match(error.message, words);
      return true;
    });
  }
  // What a folder names and leaves off is no reason to refuse it.
  const qwen = { ...base, architectures: ["Qwen2ForCausalLM"], sliding_window: 32768 };
  assert.equal(parseModelConfig({ ...qwen, use_sliding_window: false }).qkv_bias, true);
  assert.equal(parseModelConfig(qwen).max_position_embeddings, 32768);
  assert.equal(parseModelConfig({ ...base, sliding_window: null }).max_position_embeddings, 2048);
  fc.assert(fc.property(fc.jsonValue(), (json) => {
    try {
      parseModelConfig(json);
    } catch (error) {
      assert.ok(error instanceof ModelError);
    }
  }));
});

Deno.test("both spellings of a rotary embedding say the same", () => {
  const base = {
    architectures: ["LlamaForCausalLM"],
    vocab_size: 8,
    hidden_size: 8,
    intermediate_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
  };
  const llama3 = {
    rope_type: "llama3",
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const four = { ...base, rope_theta: 5e5, rope_scaling: llama3, torch_dtype: "bfloat16" };
  const five = { ...base, rope_parameters: { ...llama3, rope_theta: 5e5 }, dtype: "bfloat16" };
  assert.deepEqual(parseModelConfig(four), parseModelConfig(five));
  assert.equal(parseModelConfig(five).rope.llama3?.factor, 32);
});

Deno.test("generation_config.json has the last word on what ends a completion", () =>
  inScratch(async (folder) => {
    const config = {
      architectures: ["LlamaForCausalLM"],
      vocab_size: 8,
      hidden_size: 8,
      intermediate_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      eos_token_id: 3,
    };
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    assert.deepEqual((await readModelConfig(folder)).eos_token_ids, [3]);
    const generation = JSON.stringify({ eos_token_id: [5, 3] });
    await writeFile(join(folder, "generation_config.json"), generation);
    assert.deepEqual((await readModelConfig(folder)).eos_token_ids, [5, 3]);
  }));

Deno.test({
  name: "golden folders open in every spelling, dtype and sharding, and go out and in again",
  ignore: golden === undefined,
  fn: () =>
    inScratch(async (folder) => {
      for (const { name, hidden, vocab, theta, head_dim } of await goldenModels()) {
        const source = `${golden}/models/${name}/model`;
        const model = await openModelFolder(source);
        assert.equal(model.config.hidden_size, hidden);
        assert.equal(model.config.vocab_size, vocab);
        assert.equal(model.config.rope.theta, theta);
        assert.equal(model.config.head_dim, head_dim);
        const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
        for (const [key, tensor] of model.tensors) {
          weights.set(key, { shape: tensor.shape, data: await tensor.read() });
        }
        const out = join(folder, name);
        await saveModelFolder(out, weights, source);
        const again = await openModelFolder(out);
        assert.deepEqual(again.config, model.config);
        for (const [key, { data }] of weights) {
          assert.deepEqual(await again.tensors.get(key)!.read(), data);
        }
      }
    }),
});

Deno.test({
  name: "golden adapters open, go out and in again; a wrong shape is named",
  ignore: golden === undefined,
  fn: () =>
    inScratch(async (folder) => {
      for (const name of ["lora-all", "lora-qv", "lora-rslora"]) {
        const base = `${golden}/${await baseOf(name)}/model`;
        const model = await readModelConfig(base);
        const adapter = await openAdapterFolder(`${golden}/lora/${name}/adapter`, model);
        const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
        for (const [key, tensor] of adapter.tensors) {
          weights.set(key, { shape: tensor.shape, data: await tensor.read() });
        }
        const out = join(folder, name);
        await saveAdapterFolder(out, adapter.config, weights, "base");
        const again = await openAdapterFolder(out, model);
        assert.deepEqual(again.config, adapter.config);
        assert.deepEqual([...again.tensors.keys()].sort(), [...adapter.tensors.keys()].sort());
        await assert.rejects(
          openAdapterFolder(out, { ...model, intermediate_size: 1, hidden_size: 2 }),
          /lora_A.weight is \[.*expected \[/,
        );
      }
    }),
});

const goldenModels = async (): Promise<
  { name: string; hidden: number; vocab: number; theta: number; head_dim: number }[]
> => (await goldenCases()).filter((c) => c.kind === "model");

const baseOf = async (name: string): Promise<string> =>
  (await goldenCases()).find((c) => c.name === name)!.base;

// deno-lint-ignore no-explicit-any
const goldenCases = async (): Promise<any[]> =>
  JSON.parse(await readFile(`${golden}/cases.json`, "utf8"));
