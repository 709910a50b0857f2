/** The engine through its door: Worker, errors as data, sampling and training to the bit. */
import { strict as assert } from "node:assert";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine } from "./open.ts";
import type { Completion, Engine, EngineOptions, GenerateRequest } from "./engine.ts";
import { ModelError } from "./errors.ts";
import { initModelFolder } from "./init.ts";

const withEngine = async (
  o: Partial<EngineOptions> & {
    readonly seed?: number;
    readonly prepare?: (folder: string) => Promise<void>;
  },
  use: (engine: Engine, folder: string) => Promise<void>,
): Promise<void> => {
  const { seed = 1, prepare, ...options } = o;
  const folder = await mkdtemp(join(tmpdir(), "calque-engine-"));
  try {
    await initModelFolder(SMALL, folder, seed);
    await prepare?.(folder);
    const engine = await openEngine({
      model: folder,
      train: true,
      tokens_per_pass: 96,
      context: 64,
      slots: 5,
      ...options,
    });
    try {
      await use(engine, folder);
    } finally {
      await engine.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
};

const SMALL = {
  vocab_size: 61,
  hidden_size: 24,
  intermediate_size: 36,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
};

const PROMPTS = [[3, 1, 4, 1, 5], [9], [2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8], [4, 6]]
  .map((ids) => Uint32Array.from(ids));
const REQUEST = {
  prompts: PROMPTS,
  samples: 4,
  max_tokens: 40,
  temperature: 0.8,
  seed: 11,
  stop: [7],
};
const UPDATE = {
  lr: 1e-2,
  betas: [0.9, 0.95],
  eps: 1e-8,
  weight_decay: 0.1,
  clip_norm: 1,
} as const;

const options = { sanitizeOps: false, sanitizeResources: false };

Deno.test("log-probs while sampling are the trainer's to the bit", options, async () => {
  for (const lora of [false, true]) {
    await withEngine({
      ...(lora
        ? { lora: { rank: 4, alpha: 8, targets: ["q_proj", "v_proj", "down_proj"], seed: 5 } }
        : {}),
    }, async (engine) => {
      await learn(engine); // so that LoRA's B is not 0
      const completions = await engine.generate(REQUEST);
      assert.equal(completions.length, 16);
      const rows = completions.map(({ prompt, ids }) =>
        Uint32Array.from([...PROMPTS[prompt]!, ...ids])
      );
      const scored = await engine.logProbs(rows, { temperature: 0.8 });
      const trained = await engine.accumulate(
        rows,
        rows.map(({ length }) => new Float32Array(length)),
        { temperature: 0.8 },
      );
      completions.forEach(({ prompt, logProbs, ids, finish_reason }, i) => {
        const from = PROMPTS[prompt]!.length;
        assert.deepEqual(bits(scored[i]!.subarray(from)), bits(logProbs));
        assert.deepEqual(bits(trained.logProbs[i]!.subarray(from)), bits(logProbs));
        assert.equal(ids.indexOf(7), finish_reason === "stop" ? ids.length - 1 : -1);
        if (finish_reason === "length") assert.equal(ids.length, 40);
      });
      assert.ok(completions.some(({ finish_reason }) => finish_reason === "stop"));
    });
  }
});

Deno.test("a draw does not depend on slots, passes or neighbours", options, async () => {
  const runs: string[] = [];
  // With 8 rows a pass the longest prompt is cut across passes.
  for (const [slots, tokens_per_pass] of [[1, 8], [3, 63], [16, 200]] as const) {
    await withEngine({ slots, tokens_per_pass }, async (engine) => {
      const completions = await engine.generate(REQUEST);
      runs.push(JSON.stringify(completions.map(({ ids, logProbs }) => [[...ids], bits(logProbs)])));
    });
  }
  assert.equal(runs[1], runs[0]);
  assert.equal(runs[2], runs[0]);
  assert.equal(new Set(JSON.parse(runs[0]!).map(([ids]: [number[]]) => ids.join())).size > 8, true);
});

Deno.test("requests that come together are answered as if each were alone", options, async () => {
  await withEngine({ slots: 5 }, async (engine) => {
    const asked: GenerateRequest[] = [
      REQUEST,
      { ...REQUEST, seed: 8, samples: 3, max_tokens: 7 },
      { ...REQUEST, temperature: 0 },
      { ...REQUEST, top_k: 3, stop: [7, 8] },
      { ...REQUEST, prompts: PROMPTS.toReversed() },
      { ...REQUEST, temperature: 0, samples: 2 },
    ];
    const alone: Completion[][] = [];
    for (const request of asked) alone.push(await engine.generate(request));
    const refused = assert.rejects(engine.generate({ ...REQUEST, temperature: -1 }), /expected 0/);
    const together = asked.map((request) => engine.generate(request));
    await refused;
    assert.deepEqual(await Promise.all(together), alone);
  });
});

Deno.test("a request joins those at work that sample as it does", options, async () => {
  await withEngine({ slots: 17, context: 240 }, async (engine) => {
    const order: string[] = [];
    const ask = async (name: string, request: GenerateRequest) => {
      await engine.generate(request);
      order.push(name);
    };
    const one = { ...REQUEST, prompts: PROMPTS.slice(0, 1), samples: 1, stop: [] };
    await Promise.all([
      ask("long", { ...REQUEST, max_tokens: 200, stop: [] }),
      ask("short", { ...one, max_tokens: 2 }),
      ask("of another kind", { ...one, temperature: 0, max_tokens: 2 }),
      ask("after that", { ...one, max_tokens: 1 }),
    ]);
    assert.deepEqual(order, ["short", "long", "of another kind", "after that"]);
  });
});

Deno.test("an aborted request leaves its slots to those that wait", options, async () => {
  await withEngine({ slots: 17, context: 240 }, async (engine) => {
    const order: string[] = [];
    const ask = async (name: string, request: GenerateRequest) => {
      const completions = await engine.generate(request);
      order.push(name);
      return completions;
    };
    const leaving = new AbortController();
    const one = { ...REQUEST, prompts: PROMPTS.slice(0, 1), samples: 1, stop: [] };
    const long = ask("left", {
      ...REQUEST,
      max_tokens: 200,
      stop: [],
      onTokens: () => leaving.abort(new Error("gone")),
      signal: leaving.signal,
    });
    const beside = ask("beside", { ...one, max_tokens: 150 });
    const waiting = ask("waiting", { ...one, max_tokens: 2 });
    await assert.rejects(long, /gone/);
    // Without the abort it would have waited for 200 tokens.
    assert.deepEqual([await beside, await waiting, order], [
      await engine.generate({ ...one, max_tokens: 150 }),
      await engine.generate({ ...one, max_tokens: 2 }),
      ["waiting", "beside"],
    ]);
    await assert.rejects(engine.generate({ ...one, signal: leaving.signal }), /gone/);
  });
});

Deno.test("what is sampled before an update and after it is not mixed", options, async () => {
  await withEngine({ slots: 32 }, async (engine) => {
    await engine.accumulate(ROWS, DLOGP, { temperature: 1 });
    const before = engine.generate(REQUEST);
    const updated = engine.update(UPDATE);
    const after = await engine.generate(REQUEST);
    await updated;
    assert.notDeepEqual(after, await before);
    assert.deepEqual(after, await engine.generate(REQUEST));
  });
});

Deno.test("top-k of one is greedy, and a narrow nucleus stays near it", options, async () => {
  await withEngine({}, async (engine) => {
    const greedy = await engine.generate({ ...REQUEST, temperature: 0 });
    const one = await engine.generate({ ...REQUEST, top_k: 1 });
    const narrow = await engine.generate({ ...REQUEST, top_p: 1e-6 });
    const ids = (completions: typeof greedy) => completions.map((c) => [...c.ids]);
    assert.deepEqual(ids(one), ids(greedy));
    assert.deepEqual(ids(narrow), ids(greedy));
  });
});

Deno.test("streamed tokens are the completion's, piece by piece", options, async () => {
  await withEngine({}, async (engine) => {
    const pieces = new Map<string, number[]>();
    let calls = 0;
    const onTokens: GenerateRequest["onTokens"] = (news) => {
      calls++;
      for (const { prompt, index, ids, logProbs } of news) {
        assert.ok(ids.length <= 4 && logProbs.length === ids.length);
        const key = `${prompt} ${index}`;
        pieces.set(key, [...pieces.get(key) ?? [], ...ids]);
      }
    };
    const completions = await engine.generate({ ...REQUEST, onTokens });
    assert.ok(calls >= 10);
    for (const { prompt, index, ids } of completions) {
      assert.deepEqual(pieces.get(`${prompt} ${index}`), [...ids]);
    }
    const whole = await engine.generate(REQUEST);
    assert.deepEqual(whole.map(({ ids }) => [...ids]), completions.map(({ ids }) => [...ids]));
    const failing = () => {
      throw new Error("no more");
    };
    await assert.rejects(engine.generate({ ...REQUEST, onTokens: failing }), /no more/);
    assert.deepEqual(await engine.generate(REQUEST), whole);
  });
});

Deno.test("log-probs are of what top-k and top-p leave", options, async () => {
  await withEngine({}, async (engine) => {
    const first = (o: object) =>
      engine.generate({ ...REQUEST, prompts: PROMPTS.slice(0, 1), max_tokens: 1, ...o });
    const [only] = await first({ top_k: 1 });
    assert.deepEqual([...only!.logProbs], [0]);
    const drawn = await first({ top_k: 3, samples: 60 });
    const shares = new Map(drawn.map(({ ids, logProbs }) => [ids[0], Math.exp(logProbs[0]!)]));
    assert.equal(shares.size, 3);
    assert.ok(Math.abs([...shares.values()].reduce((a, b) => a + b) - 1) < 1e-6);
  });
});

Deno.test("training goes on bit for bit from its state", options, async () => {
  await withEngine({}, async (engine, folder) => {
    await learn(engine);
    const state = await engine.exportState();
    await learn(engine);
    const straight = await engine.exportState();
    await withEngine({ model: folder }, async (other) => {
      await other.importState(state);
      await learn(other);
      assert.deepEqual(await other.exportState(), straight);
    });
    assert.equal(straight.step, 2);
  });
});

Deno.test(
  "a folded gradient adds up, clipped by itself; the reference stays",
  options,
  async () => {
    await withEngine({ reference: true, fold: true }, async (engine) => {
      await engine.snapshotReference();
      const before = await engine.logProbs(ROWS, { temperature: 1 });
      await engine.accumulate(ROWS, DLOGP, { temperature: 1 });
      const norm = await engine.foldGradient({ weight: 2, clip_norm: 0.5 });
      assert.ok(norm > 0.5, `norm ${norm}`);
      const { grad_norm, skipped } = await engine.update({ ...UPDATE, clip_norm: 0 });
      assert.ok(Math.abs(grad_norm - 1) < 1e-3, `2 * 0.5 clipped, not ${grad_norm}`);
      assert.equal(skipped, false);
      assert.deepEqual(await engine.logProbs(ROWS, { temperature: 1, reference: true }), before);
      assert.notDeepEqual(await engine.logProbs(ROWS, { temperature: 1 }), before);
    });
  },
);

Deno.test("a gradient that is not finite is skipped and leaves no trace", options, async () => {
  await withEngine({}, async (engine) => {
    const before = await engine.exportState();
    const bad = DLOGP.map((row) => row.map((_, t) => t === 2 ? NaN : 1));
    await engine.accumulate(ROWS, bad, { temperature: 1 });
    assert.equal((await engine.update(UPDATE)).skipped, true);
    assert.ok((await engine.unsound()).includes("model.embed_tokens.weight"));
    assert.deepEqual(await engine.exportState(), before);
    await learn(engine);
    assert.deepEqual(await engine.unsound(), []);
    assert.ok((await engine.exportState()).tensors.get("weights.model.norm.weight")!
      .every(Number.isFinite));
  });
});

Deno.test("a weight that is no number is what is named, trained or frozen", options, async () => {
  const name = "model.layers.1.mlp.up_proj.weight";
  const prepare = async (folder: string) => {
    const file = join(folder, "model.safetensors");
    const bytes = await readFile(file);
    const header = Number(bytes.readBigUInt64LE());
    const { [name]: tensor } = JSON.parse(bytes.subarray(8, 8 + header).toString());
    bytes.writeFloatLE(NaN, 8 + header + tensor.data_offsets[0] + 40);
    await writeFile(file, bytes);
  };
  const lora = { rank: 2, alpha: 4, targets: ["q_proj"], seed: 1 };
  for (const o of [{}, { lora }]) {
    await withEngine({ prepare, ...o }, async (engine) => {
      await engine.accumulate(ROWS, DLOGP, { temperature: 1 });
      assert.equal((await engine.update(UPDATE)).skipped, true);
      assert.deepEqual(await engine.unsound(), [name]);
    });
  }
});

Deno.test("a saved model and adapter answer as the engine that saved them", options, async () => {
  await withEngine({
    lora: { rank: 3, alpha: 6, targets: ["k_proj", "o_proj", "gate_proj"], seed: 2 },
  }, async (engine, folder) => {
    await learn(engine);
    const want = await engine.logProbs(ROWS, { temperature: 1 });
    await engine.saveAdapter(join(folder, "adapter"));
    await engine.saveModel(join(folder, "merged"));
    await withEngine(
      { model: folder, adapter: join(folder, "adapter"), train: false },
      async (e) => assert.deepEqual(await e.logProbs(ROWS, { temperature: 1 }), want),
    );
    await withEngine({ model: join(folder, "merged"), train: false }, async (e) => {
      const got = await e.logProbs(ROWS, { temperature: 1 });
      got.forEach((row, i) => row.forEach((x, t) => assert.ok(Math.abs(x - want[i]![t]!) < 1e-4)));
    });
  });
});

Deno.test("what is wrong is named, across the Worker", options, async () => {
  await withEngine({}, async (engine) => {
    const fails = (call: Promise<unknown>, code: string, text: RegExp) =>
      assert.rejects(
        call,
        (error) => error instanceof ModelError && error.code === code && text.test(error.message),
      );
    const one = { temperature: 1 };
    await fails(engine.logProbs([Uint32Array.from([1, 61])], one), "row-token", /row 0.*61/);
    await fails(engine.logProbs([new Uint32Array(65)], one), "row-too-long", /65 tokens.*64/);
    await fails(
      engine.accumulate(ROWS, [], one),
      "row-shape",
      /row 0: no gradients for 12 tokens/,
    );
    await fails(engine.logProbs(ROWS, { ...one, reference: true }), "not-planned", /snapshot/);
    await fails(engine.snapshotReference(), "not-planned", /reference: true/);
    await fails(engine.foldGradient({ weight: 1 }), "not-planned", /fold: true/);
    await fails(engine.saveAdapter("/nowhere"), "not-planned", /adapter/);
    await fails(engine.generate({ ...REQUEST, prompts: [new Uint32Array()] }), "request", /empty/);
    assert.equal((await engine.logProbs(ROWS, one)).length, ROWS.length);
  });
});

Deno.test("a truncated file is refused before a device is taken", options, async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-engine-"));
  try {
    await initModelFolder(SMALL, folder, 1);
    const file = join(folder, "model.safetensors");
    await writeFile(file, (await readFile(file)).subarray(0, -100));
    await assert.rejects(
      openEngine({ model: folder, train: false, tokens_per_pass: 8, context: 8 }),
      (error) => error instanceof ModelError && error.code === "safetensors-truncated",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

const ROWS = [12, 1, 64, 40, 2].map((length, i) =>
  Uint32Array.from({ length }, (_, t) => (t * 7 + i * 13) % 61)
);
const DLOGP = ROWS.map((row) => new Float32Array(row.length).fill(-0.1));

const learn = async (engine: Engine): Promise<void> => {
  await engine.accumulate(ROWS, DLOGP, { temperature: 1 });
  await engine.update(UPDATE);
};

const bits = (values: Float32Array): number[] => [...new Uint32Array(values.slice().buffer)];
