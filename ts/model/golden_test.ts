/** The GPU meets the golden numbers (`shared/golden/README.md` states the tolerances). */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sharedFolder } from "../shared.ts";
import { Core } from "./core.ts";
import { readSafetensors } from "./safetensors.ts";

interface Case {
  readonly name: string;
  readonly kind: "model" | "lora";
  readonly folder: string;
  readonly base?: string;
}
interface Expected {
  readonly logprobs: (number | null)[][];
  readonly tokens: number;
  readonly losses: number[];
  readonly grad_norms: number[];
  readonly optimizer: {
    lr: number;
    betas: [number, number];
    eps: number;
    weight_decay: number;
    clip_norm: number;
  };
  readonly greedy: { prompt: number[]; ids: number[]; logprobs: number[] }[];
}

const golden = sharedFolder("golden");
const json = (file: string) => JSON.parse(readFileSync(`${golden}/${file}`, "utf8"));
const cases: Case[] = golden ? json("cases.json") : [];

for (const { name, kind, folder, base = folder } of cases) {
  Deno.test({
    name: `golden ${kind} ${name}: log-probs, gradients, three steps, greedy`,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const expected: Expected = json(`${folder}/expected.json`);
      const { tokens } = json(`${base}/expected.json`) as Expected;
      const { sequences } = json(`${base}/batch.json`) as {
        sequences: { ids: number[]; mask: number[] }[];
      };
      const rows = sequences.map(({ ids }) => Uint32Array.from(ids));
      const dlogp = sequences.map(({ mask }) =>
        Float32Array.from(mask, (m, t) => t > 0 && m === 1 ? -1 / tokens : 0)
      );
      const core = await Core.open({
        model: `${golden}/${base}/model`,
        ...(kind === "lora"
          ? { adapter: `${golden}/${folder}/adapter`, lora: "continue" as const }
          : {}),
        train: true,
        tokens_per_pass: 150, // several passes, none of them full
        context: 160,
        slots: 2,
      });
      try {
        const before = await stored(
          kind === "lora" ? `${folder}/adapter/adapter_model.safetensors` : undefined,
        ) ?? await exported(core);
        const greedy = await core.generate({
          prompts: expected.greedy.map(({ prompt }) => Uint32Array.from(prompt)),
          samples: 1,
          max_tokens: 24,
          temperature: 0,
          seed: 0,
          stop: [],
        });
        expected.greedy.forEach(({ ids, logprobs }, i) => {
          assert.deepEqual([...greedy[i]!.ids], ids, `greedy ${i}`);
          close(`greedy log-probs ${i}`, greedy[i]!.logProbs, logprobs, 1e-4);
        });

        if (kind === "lora") await meetMerged(core, `${folder}/merged.safetensors`);

        const scored = await core.logProbs(rows, { temperature: 1 });
        scored.forEach((row, i) =>
          close(`log-probs ${i}`, row, expected.logprobs[i]!.map((x) => x ?? 0), 1e-4)
        );
        const steps = new Map([
          [1, await stored(`${folder}/step1.safetensors`)],
          [3, await stored(`${folder}/step3.safetensors`)],
        ]);
        for (let step = 1; step <= 3; step++) {
          const { logProbs } = await core.accumulate(rows, dlogp, { temperature: 1 });
          let loss = 0;
          logProbs.forEach((row, i) => row.forEach((x, t) => loss += x * dlogp[i]![t]!));
          close(`loss before step ${step}`, [loss], [expected.losses[step - 1]!], 1e-4);
          if (step === 1) {
            const gradients = await core.gradients();
            const want = (await stored(`${folder}/gradients.safetensors`))!;
            assert.deepEqual([...gradients.keys()].sort(), [...want.keys()].sort());
            for (const [key, data] of want) {
              close(`gradient ${key}`, gradients.get(key)!.data, data, 1e-4);
            }
          }
          const { grad_norm } = await core.update(expected.optimizer);
          close(`norm at step ${step}`, [grad_norm], [expected.grad_norms[step - 1]!], 1e-4);
          const want = steps.get(step);
          if (!want) continue;
          const got = await exported(core);
          for (const [key, data] of want) {
            const start = before.get(key)!;
            close(`weights ${key} after ${step}`, got.get(key)!, data, 1e-4);
            const change = (to: Float32Array) => to.map((x, i) => x - start[i]!);
            close(`update ${key} after ${step}`, change(got.get(key)!), change(data), 2e-3);
          }
        }
      } finally {
        core.close();
      }
    },
  });
}

/** `saveModel` of an adapter at work writes the merged matrices. */
const meetMerged = async (core: Core, file: string): Promise<void> => {
  const out = await mkdtemp(join(tmpdir(), "calque-merged-"));
  try {
    await core.saveModel(out);
    const { tensors } = await readSafetensors(join(out, "model.safetensors"));
    for (const [key, data] of (await stored(file))!) {
      close(`merged ${key}`, await tensors.get(key)!.read(), data, 1e-6);
    }
  } finally {
    await rm(out, { recursive: true });
  }
};

const stored = async (file: string | undefined) => {
  if (!file) return undefined;
  const { tensors } = await readSafetensors(`${golden}/${file}`);
  const read = await Promise.all(
    [...tensors].map(async ([key, tensor]) => [key, await tensor.read()] as const),
  );
  return new Map<string, Float32Array>(read);
};

const exported = async (core: Core): Promise<Map<string, Float32Array>> => {
  const { tensors } = await core.exportState();
  return new Map(
    [...tensors].filter(([key]) => key.startsWith("weights.")).map((
      [key, data],
    ) => [key.slice("weights.".length), data]),
  );
};

/** max |a - b| / max |b|. */
const close = (what: string, a: ArrayLike<number>, b: ArrayLike<number>, allowed: number): void => {
  assert.equal(a.length, b.length, what);
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    size = Math.max(size, Math.abs(b[i]!));
    if (Number.isNaN(a[i])) difference = NaN;
  }
  const error = size === 0 ? difference : difference / size;
  assert.ok(error <= allowed, `${what}: relative error ${error} > ${allowed}`);
};
