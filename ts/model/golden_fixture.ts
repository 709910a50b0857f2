/** Runs a golden case on the GPU and compares (`shared/golden/README.md` states the tolerances). */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Provider } from "../gpu/mod.ts";
import { sharedFolder } from "../shared.ts";
import { Core } from "./core.ts";
import { readSafetensors } from "./safetensors.ts";

export interface GoldenCase {
  readonly name: string;
  readonly kind: "model" | "lora";
  readonly folder: string;
  readonly base?: string;
}

/** One comparison: `error` is max |a - b| / max |b|, NaN where we gave NaN. */
export interface Measured {
  readonly quantity: string;
  /** The tensor or row that it is about. */
  readonly of: string;
  readonly error: number;
  readonly allowed: number;
}

interface Expected {
  readonly logprobs: (number | null)[][];
  readonly logits_of: number;
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

/** Empty where the golden numbers are absent. */
export const goldenCases: readonly GoldenCase[] = golden ? json("cases.json") : [];

/** `shard_bytes` makes even a small model's matrices come in shards. */
export const measureGolden = async (
  { kind, folder, base = folder }: GoldenCase,
  o: { readonly provider?: Provider; readonly shard_bytes?: number } = {},
): Promise<Measured[]> => {
  const measured: Measured[] = [];
  const close = (
    quantity: string,
    of: string,
    a: ArrayLike<number>,
    b: ArrayLike<number>,
    allowed: number,
  ) => measured.push({ quantity, of, error: relativeError(a, b), allowed });

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
    ...(o.provider ? { provider: o.provider } : {}),
    train: true,
    tokens_per_pass: 150, // several passes, none of them full
    context: 160,
    slots: 2,
  }, o.shard_bytes);
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
      const { ids: got, logProbs } = greedy[i]!;
      const wrong = ids.filter((id, t) => got[t] !== id).length;
      measured.push({ quantity: "greedy ids that differ", of: `${i}`, error: wrong, allowed: 0 });
      close("greedy log-probs", `${i}`, logProbs, logprobs, 1e-4);
    });

    if (kind === "lora") {
      for (const [key, [a, b]] of await merged(core, `${folder}/merged.safetensors`)) {
        close("merged weights", key, a, b, 1e-6);
      }
    }

    const logits = (await stored(`${folder}/logits.safetensors`))?.get("logits");
    if (logits) {
      close("logits", "", await core.logits(rows[expected.logits_of]!), logits, 1e-4);
    }
    const scored = await core.logProbs(rows, { temperature: 1 });
    scored.forEach((row, i) =>
      close("log-probs", `${i}`, row, expected.logprobs[i]!.map((x) => x ?? 0), 1e-4)
    );
    for (let step = 1; step <= 3; step++) {
      const { logProbs } = await core.accumulate(rows, dlogp, { temperature: 1 });
      let loss = 0;
      logProbs.forEach((row, i) => row.forEach((x, t) => loss += x * dlogp[i]![t]!));
      close("loss", `before step ${step}`, [loss], [expected.losses[step - 1]!], 1e-4);
      if (step === 1) {
        const gradients = await core.gradients();
        const want = (await stored(`${folder}/gradients.safetensors`))!;
        const error = Math.abs(gradients.size - want.size);
        measured.push({ quantity: "gradients too many or few", of: "", error, allowed: 0 });
        for (const [key, data] of want) {
          close("gradients", key, gradients.get(key)?.data ?? [], data, 1e-4);
        }
      }
      const { grad_norm } = await core.update(expected.optimizer);
      close("gradient norm", `step ${step}`, [grad_norm], [expected.grad_norms[step - 1]!], 1e-4);
      if (step === 2) continue;
      const got = await exported(core);
      for (const [key, data] of (await stored(`${folder}/step${step}.safetensors`))!) {
        const start = before.get(key)!;
        const change = (to: Float32Array) => to.map((x, i) => x - start[i]!);
        close(`weights after step ${step}`, key, got.get(key)!, data, 1e-4);
        close(`update of step ${step}`, key, change(got.get(key)!), change(data), 2e-3);
      }
    }
  } finally {
    core.close();
  }
  return measured;
};

/** What `saveModel` of an adapter at work writes, beside what is expected. */
const merged = async (core: Core, file: string) => {
  const out = await mkdtemp(join(tmpdir(), "calque-merged-"));
  try {
    await core.saveModel(out);
    const { tensors } = await readSafetensors(join(out, "model.safetensors"));
    const pairs = [...(await stored(file))!].map(async ([key, data]) =>
      [key, [await tensors.get(key)!.read(), data]] as const
    );
    return await Promise.all(pairs);
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

const relativeError = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return NaN;
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    size = Math.max(size, Math.abs(b[i]!));
  }
  return size === 0 ? difference : difference / size;
};
