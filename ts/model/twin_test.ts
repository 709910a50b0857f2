/** The CPU twins, composed, meet the golden numbers without a GPU; their gradients, finite differences. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { twinAdamw, twinClip } from "../gpu/mod.ts";
import { sharedFolder } from "../shared.ts";
import { loraScale, openAdapterFolder } from "./adapter.ts";
import { type ModelConfig, parseModelConfig, weightsOf } from "./config.ts";
import { openModelFolder } from "./folder.ts";
import { readSafetensors, type StoredTensor } from "./safetensors.ts";
import { type Parameters, twinModel } from "./twin_fixture.ts";

const golden = sharedFolder("golden");
const json = (file: string) => JSON.parse(readFileSync(`${golden}/${file}`, "utf8"));
const cases: { name: string; kind: "model" | "lora"; folder: string; base?: string }[] = golden
  ? json("cases.json")
  : [];

for (const { name, kind, folder, base = folder } of cases) {
  Deno.test(`twin meets golden ${kind} ${name}`, async () => {
    const expected = json(`${folder}/expected.json`);
    const { tokens } = json(`${base}/expected.json`) as { tokens: number };
    const { sequences } = json(`${base}/batch.json`) as {
      sequences: { ids: number[]; mask: number[] }[];
    };
    const rows = sequences.map(({ ids }) => Uint32Array.from(ids));
    const dlogp = sequences.map(({ mask }) =>
      mask.map((m, t) => t > 0 && m === 1 ? -1 / tokens : 0)
    );
    const { config, tensors } = await openModelFolder(`${golden}/${base}/model`);
    const model = await wide(tensors);
    const adapter = kind === "lora"
      ? await openAdapterFolder(`${golden}/${folder}/adapter`, config)
      : undefined;
    const trained = adapter ? await wide(adapter.tensors) : model;
    const before = copy(trained);
    const moments = [copy(trained, 0), copy(trained, 0)] as const;
    const { lr, betas: [beta1, beta2], eps, weight_decay, clip_norm } = expected.optimizer;

    for (let step = 1; step <= 3; step++) {
      const scale = adapter ? loraScale(adapter.config) : 0;
      const weights = adapter ? merged(model, trained, scale) : model;
      const pass = twinModel(config, weights, rows, { temperature: 1, dlogp });
      const gradients = adapter ? factorGradients(trained, pass.gradients, scale) : pass.gradients;
      if (step === 1) {
        pass.logProbs.forEach((row, i) =>
          close(`log-probs ${i}`, row, expected.logprobs[i].map((x: number | null) => x ?? 0), 1e-6)
        );
        const want = await stored(`${folder}/gradients.safetensors`);
        assert.deepEqual([...gradients.keys()].sort(), [...want.keys()].sort());
        for (const [key, g] of want) close(`gradient ${key}`, gradients.get(key)!, g, 1e-6);
      }
      const clip = twinClip([...gradients.values()], clip_norm);
      close("norm", [clip.norm], [expected.grad_norms[step - 1]], 1e-6);
      const hyper = {
        lr,
        beta1,
        beta2,
        eps,
        weight_decay,
        correct1: 1 - beta1 ** step,
        correct2: 1 - beta2 ** step,
        clip_norm,
        weight: 1,
      };
      for (const [key, w] of trained) {
        const [m, v] = moments.map((moment) => moment.get(key)!) as [Float64Array, Float64Array];
        twinAdamw(w, m, v, gradients.get(key)!, clip.scale, hyper);
      }
      if (step === 2) continue;
      for (const [key, after] of await stored(`${folder}/step${step}.safetensors`)) {
        const change = (to: Float64Array) => to.map((x, i) => x - before.get(key)![i]!);
        close(`update ${key} after ${step}`, change(trained.get(key)!), change(after), 1e-4);
      }
    }
  });
}

Deno.test("the twin's gradient is the slope of its loss", () => {
  for (const architecture of ["LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"]) {
    const config = parseModelConfig({
      architectures: [architecture],
      vocab_size: 11,
      hidden_size: 6,
      intermediate_size: 7,
      num_hidden_layers: 2,
      num_attention_heads: 3,
      num_key_value_heads: 1,
      head_dim: 4,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: architecture !== "LlamaForCausalLM",
    });
    const weights = madeUp(config);
    const rows = [[1, 2, 3, 4, 5], [7], [10, 0, 10]].map((ids) => Uint32Array.from(ids));
    const dlogp = rows.map((row) => Float64Array.from(row, (_, t) => Math.sin(1 + t)));
    const temperature = 0.7;
    const loss = () => {
      const { logProbs } = twinModel(config, weights, rows, { temperature });
      return logProbs.flatMap((row, i) => [...row].map((x, t) => x * dlogp[i]![t]!))
        .reduce((a, b) => a + b);
    };
    const { gradients } = twinModel(config, weights, rows, { temperature, dlogp });
    for (const [name, w] of weights) {
      const i = Math.floor(w.length / 2);
      const kept = w[i]!;
      const slope = [1e-5, -1e-5].map((h) => {
        w[i] = kept + h;
        return loss() / (2 * h);
      }).reduce((a, b) => a + b);
      w[i] = kept;
      const got = gradients.get(name)![i]!;
      assert.ok(
        Math.abs(got - slope) <= 1e-7 * Math.max(1, Math.abs(slope)),
        `${name}: ${got} ${slope}`,
      );
    }
  }
});

const madeUp = (config: ModelConfig): Parameters =>
  new Map(
    weightsOf(config).map(({ name, shape }, k) => {
      const length = shape.reduce((a, b) => a * b, 1);
      return [name, Float64Array.from({ length }, (_, i) => Math.sin(1 + i * 1.7 + k * 3.1))];
    }),
  );

const wide = async (
  tensors: ReadonlyMap<string, StoredTensor>,
): Promise<Map<string, Float64Array>> => {
  const read = await Promise.all(
    [...tensors].map(async ([key, t]) => [key, Float64Array.from(await t.read())] as const),
  );
  return new Map<string, Float64Array>(read);
};

const stored = async (file: string) => wide((await readSafetensors(`${golden}/${file}`)).tensors);

const copy = (of: Parameters, factor = 1) =>
  new Map([...of].map(([key, data]) => [key, data.map((x) => factor * x)]));

/** The base's name of a pair A, B, with its sizes. */
const pairs = function* (adapter: Parameters, model: Parameters) {
  for (const [key, a] of adapter) {
    if (!key.includes("lora_A")) continue;
    const key_b = key.replace("lora_A", "lora_B");
    const base = key.replace("base_model.model.", "").replace(".lora_A", "");
    const b = adapter.get(key_b)!;
    // |A| |B| = rank^2 |W|
    const rank = Math.round(Math.sqrt(a.length * b.length / model.get(base)!.length));
    yield {
      key_a: key,
      key_b,
      base,
      a,
      b,
      rank,
      outputs: b.length / rank,
      inputs: a.length / rank,
    };
  }
};

const merged = (model: Parameters, adapter: Parameters, scale: number): Parameters => {
  const weights = copy(model);
  for (const { base, a, b, rank, outputs, inputs } of pairs(adapter, model)) {
    const w = weights.get(base)!;
    for (let o = 0; o < outputs; o++) {
      for (let r = 0; r < rank; r++) {
        for (let i = 0; i < inputs; i++) {
          w[o * inputs + i]! += scale * b[o * rank + r]! * a[r * inputs + i]!;
        }
      }
    }
  }
  return weights;
};

/** dB = scale dW A^T, dA = scale B^T dW. */
const factorGradients = (adapter: Parameters, dw: Parameters, scale: number): Parameters => {
  const gradients = copy(adapter, 0);
  for (const { key_a, key_b, base, a, b, rank, outputs, inputs } of pairs(adapter, dw)) {
    const [da, db, d] = [gradients.get(key_a)!, gradients.get(key_b)!, dw.get(base)!];
    for (let o = 0; o < outputs; o++) {
      for (let r = 0; r < rank; r++) {
        for (let i = 0; i < inputs; i++) {
          db[o * rank + r]! += scale * d[o * inputs + i]! * a[r * inputs + i]!;
          da[r * inputs + i]! += scale * b[o * rank + r]! * d[o * inputs + i]!;
        }
      }
    }
  }
  return gradients;
};

const close = (what: string, a: ArrayLike<number>, b: ArrayLike<number>, allowed: number): void => {
  let [difference, size] = [0, 1e-300];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    size = Math.max(size, Math.abs(b[i]!));
  }
  assert.equal(a.length, b.length, what);
  assert.ok(difference / size <= allowed, `${what}: relative error ${difference / size}`);
};
