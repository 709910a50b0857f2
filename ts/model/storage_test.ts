/** What the ways to need less memory change, and what they must not. */
import { strict as assert } from "node:assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Core } from "./core.ts";
import type { EngineOptions } from "./engine.ts";
import { ModelError } from "./errors.ts";
import { openModelFolder } from "./folder.ts";
import { initModelFolder } from "./init.ts";
import { encodeWeights, twinWeights } from "../gpu/mod.ts";
import { planMemory } from "./memory.ts";
import { twinModel } from "./twin_fixture.ts";

const SMALL = {
  architectures: ["Qwen3ForCausalLM"],
  vocab_size: 61,
  hidden_size: 44,
  intermediate_size: 70,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 10,
  initializer_range: 0.2,
  tie_word_embeddings: false,
};
const ROWS = [40, 13, 1, 30].map((length, i) =>
  Uint32Array.from({ length }, (_, t) => (t * t + 7 * i + 3) % 61)
);
const DLOGP = ROWS.map((row) => Float32Array.from(row, (_, t) => Math.cos(t) / 50));
const LORA = { rank: 5, alpha: 10, targets: ["q_proj", "v_proj", "o_proj", "down_proj"], seed: 2 };
const UPDATE = {
  lr: 1e-2,
  betas: [0.9, 0.95],
  eps: 1e-8,
  weight_decay: 0.1,
  clip_norm: 1,
} as const;
const options = { sanitizeOps: false, sanitizeResources: false };

const withModel = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-storage-"));
  try {
    await initModelFolder(SMALL, folder, 1);
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const withCore = async <A>(
  model: string,
  o: Partial<EngineOptions>,
  use: (core: Core) => Promise<A>,
): Promise<A> => {
  const core = await Core.open({
    model,
    train: true,
    tokens_per_pass: 60,
    context: 48,
    slots: 3,
    ...o,
  });
  try {
    return await use(core);
  } finally {
    core.close();
  }
};

/** Weights, moments and log-probs after three updates. */
const trained = (model: string, o: Partial<EngineOptions>) =>
  withCore(model, o, async (core) => {
    const all: number[][] = [];
    for (let step = 0; step < 3; step++) {
      const { logProbs } = await core.accumulate(ROWS, DLOGP, { temperature: 1 });
      all.push(...logProbs.map((row) => [...row]));
      await core.update(UPDATE);
    }
    for (const data of (await core.exportState()).tensors.values()) all.push([...data]);
    return all;
  });

Deno.test(
  "activations computed again give the same bits, and need less memory",
  options,
  () =>
    withModel(async (folder) => {
      const { config } = await openModelFolder(folder);
      for (const lora of [{}, { lora: LORA }]) {
        const kept = await trained(folder, lora);
        assert.ok(kept.flat().every(Number.isFinite));
        assert.deepEqual(await trained(folder, { ...lora, recompute: true }), kept);
        const bytes = (recompute: boolean) =>
          planMemory(config, {
            model: folder,
            train: true,
            tokens_per_pass: 60,
            context: 48,
            recompute,
            ...lora,
          }).parts["activations"]!;
        assert.ok(bytes(true) < bytes(false) / 2);
      }
    }),
);

Deno.test(
  "frozen weights in halves and in 4 bits: the twin over what is stored agrees",
  options,
  () =>
    withModel(async (folder) => {
      const { config, tensors } = await openModelFolder(folder);
      for (const weights of ["f16", "q4"] as const) {
        const stored = new Map<string, Float64Array>();
        for (const [name, t] of tensors) {
          const data = await t.read();
          const [rows, columns] = t.shape as [number, number];
          // The engine quantises rows as it keeps them: heads of o_proj's columns are padded to 12.
          const heads = name.endsWith("o_proj.weight") ? 10 : columns;
          const stride = columns / heads * Math.ceil(heads / 4) * 4;
          const format = /embed|lm_head/.test(name) ? "f16" : weights;
          if (columns === undefined) stored.set(name, Float64Array.from(data));
          else {
            const place = (i: number) => {
              const c = i % columns;
              return Math.floor(i / columns) * stride +
                Math.floor(c / heads) * stride * heads / columns +
                c % heads;
            };
            const padded = new Float32Array(rows * stride);
            data.forEach((w, i) => padded[place(i)] = w);
            const seen = twinWeights(format, encodeWeights(format, padded, stride), stride);
            stored.set(name, Float64Array.from(data, (_, i) => seen[place(i)]!));
          }
        }
        const twin = twinModel(config, stored, ROWS, { temperature: 1 });
        const error = await withCore(folder, { train: false, weights }, async (core) => {
          const logProbs = await core.logProbs(ROWS, { temperature: 1 });
          return Math.max(
            ...logProbs.flatMap((row, i) =>
              [...row].map((x, t) => Math.abs(x - twin.logProbs[i]![t]!))
            ),
          );
        });
        assert.ok(error < 2e-5, `${weights}: log-probs differ by ${error}`);
      }
    }),
);

Deno.test(
  "an adapter learns over 4 bits; saved merged, the model keeps its own weights",
  options,
  () =>
    withModel(async (folder) => {
      const out = await mkdtemp(join(tmpdir(), "calque-merged-"));
      const nll = (rows: Float32Array[]) =>
        -rows.flatMap((row) => [...row]).reduce((a, b) => a + b);
      try {
        await withCore(folder, { weights: "q4", lora: LORA }, async (core) => {
          const down = ROWS.map(({ length }) => new Float32Array(length).fill(-1 / 80));
          const before = nll(await core.logProbs(ROWS, { temperature: 1 }));
          for (let step = 0; step < 30; step++) {
            await core.accumulate(ROWS, down, { temperature: 1 });
            await core.update({ ...UPDATE, weight_decay: 0 });
          }
          assert.ok(nll(await core.logProbs(ROWS, { temperature: 1 })) < before / 2);
          await core.saveModel(out);
          await core.saveAdapter(out);
        });
        const [{ tensors: base }, { tensors: merged }] = [
          await openModelFolder(folder),
          await openModelFolder(out),
        ];
        for (const [name, tensor] of base) {
          const same = JSON.stringify([...await tensor.read()]) ===
            JSON.stringify([...await merged.get(name)!.read()]);
          assert.equal(same, !/(q|v|o|down)_proj/.test(name), name);
        }
        const read = (model: string, o: Partial<EngineOptions>) =>
          withCore(
            model,
            { train: false, ...o },
            (core) => core.logProbs(ROWS, { temperature: 1 }),
          );
        const [a, b] = [await read(out, {}), await read(folder, { adapter: out })];
        a.forEach((row, i) => row.forEach((x, t) => assert.ok(Math.abs(x - b[i]![t]!) < 1e-3)));
      } finally {
        await rm(out, { recursive: true });
      }
    }),
);

Deno.test(
  "a cache in halves takes half the room and answers nearly the same",
  options,
  () =>
    withModel(async (folder) => {
      const { config } = await openModelFolder(folder);
      const gaps = await withCore(folder, { cache: "f16" }, async (core) => {
        const prompts = [ROWS[1]!, ROWS[3]!];
        const completions = await core.generate({
          prompts,
          samples: 2,
          max_tokens: 15,
          temperature: 1,
          seed: 1,
          stop: [],
        });
        const rows = completions.map(({ prompt, ids }) =>
          Uint32Array.from([...prompts[prompt]!, ...ids])
        );
        const scored = await core.logProbs(rows, { temperature: 1 });
        return completions.flatMap(({ prompt, logProbs }, i) =>
          [...logProbs].map((x, t) => Math.abs(x - scored[i]![prompts[prompt]!.length + t]!))
        );
      });
      assert.equal(gaps.length, 60);
      assert.ok(Math.max(...gaps) < 0.02 && Math.max(...gaps) > 0, `${Math.max(...gaps)}`);
      const bytes = (cache: "f32" | "f16") =>
        planMemory(config, {
          model: folder,
          train: false,
          tokens_per_pass: 8,
          context: 48,
          slots: 3,
          cache,
        }).parts["cache"]!;
      assert.equal(bytes("f16"), bytes("f32") / 2);
    }),
);

Deno.test(
  "weights that are to be trained cannot be frozen in halves; what halves cannot hold is named",
  options,
  () =>
    withModel(async (folder) => {
      const fails = (o: Partial<EngineOptions>, text: RegExp) =>
        assert.rejects(
          () => withCore(folder, o, async () => {}),
          (error) => error instanceof ModelError && text.test(error.message),
        );
      await fails({ weights: "f16" }, /"f16" weights are frozen/);
      await initModelFolder({ ...SMALL, initializer_range: 1e5 }, folder, 1);
      await fails({ weights: "f16", lora: LORA }, /model\.embed_tokens\.weight.*which f16 cannot/);
    }),
);
