import assert from "node:assert/strict";
import fc from "fast-check";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { TrainEvent } from "./events.ts";
import { Outbox } from "./outbox.ts";
import { parseRecipe } from "./recipe/parse.ts";
import { oorl, runAll, temporary, tinyModel } from "./tiny_fixture.ts";

const stepsOf = (events: readonly TrainEvent[]): number[] =>
  events.flatMap((event) => event.type === "metrics" ? [event.metrics.step] : []);

const untimed = (events: readonly TrainEvent[], step: number) =>
  events.flatMap((event) =>
    event.type !== "metrics" || event.metrics.step !== step
      ? []
      : [Object.entries(event.metrics).filter(([name]) => !/_s$|_per_s$/.test(name))]
  );

Deno.test("OORL: steps straight and steps with a stop and a resume give the same bits and rows", async () => {
  const folder = temporary();
  try {
    const recipe = oorl(folder);
    const straight = await runAll(recipe, join(folder, "a"), false);
    assert.deepEqual(stepsOf(straight), [1, 2, 3, 4]);
    for (const event of straight) {
      if (event.type !== "metrics") continue;
      assert.equal(event.metrics["sampling/sampling_logp_difference/max"], 0);
      assert.ok(event.metrics["gepo/grad_norm"]! > 0);
      assert.ok(Number.isFinite(event.metrics.loss));
    }
    const at2 = (event: TrainEvent) => event.type === "checkpoint" && event.step === 2;
    const first = await runAll(recipe, join(folder, "b"), false, at2);
    assert.deepEqual(stepsOf(first), [1, 2]);
    const second = await runAll(recipe, join(folder, "b"), true);
    assert.deepEqual(second[0], { type: "resumed", step: 2 });
    assert.deepEqual(stepsOf(second), [3, 4]);
    assert.deepEqual(untimed(second, 4), untimed(straight, 4));
    const weights = (run: string) => readFileSync(join(folder, run, "model/model.safetensors"));
    assert.ok(weights("a").equals(weights("b")), "bitwise");
    const last = (events: readonly TrainEvent[]) => events.at(-1) as TrainEvent & { type: "done" };
    assert.deepEqual(last(second).before, last(straight).before);
    assert.deepEqual(last(second).after, last(straight).after);

    const again = await runAll(recipe, join(folder, "b"), true);
    assert.deepEqual(stepsOf(again), [], "a finished run has nothing left to train");
    assert.deepEqual(last(again).after, last(straight).after);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("staleness 1: rollouts are one update old, wait in the checkpoint, and resume to the same bits", async () => {
  const folder = temporary();
  try {
    const recipe = oorl(folder, { rollout: { staleness: 1 } });
    const straight = await runAll(recipe, join(folder, "a"), false);
    const versions = straight.flatMap((event) =>
      event.type === "rollout" ? [event.rows[0]!.weight_version] : []
    );
    assert.deepEqual(versions, [0, 0, 1, 2]);
    const gaps = straight.flatMap((event) =>
      event.type === "metrics" ? [event.metrics["sampling/sampling_logp_difference/max"]!] : []
    );
    assert.equal(gaps[0], 0);
    assert.ok(gaps.slice(1).every((gap) => gap > 0), "older weights sampled what is trained on");
    const at2 = (event: TrainEvent) => event.type === "checkpoint" && event.step === 2;
    await runAll(recipe, join(folder, "b"), false, at2);
    const kept = await readCheckpoint(join(folder, "b/checkpoints"));
    assert.deepEqual([kept?.queue?.step, kept?.queue?.made.rollouts.length], [3, 6]);
    const second = await runAll(recipe, join(folder, "b"), true);
    assert.deepEqual(untimed(second, 4), untimed(straight, 4));
    const weights = (run: string) => readFileSync(join(folder, run, "model/model.safetensors"));
    assert.ok(weights("a").equals(weights("b")), "bitwise");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("stages: each goes on with the model before, and a stop in the second resumes there", async () => {
  const folder = temporary();
  try {
    const rows = join(folder, "rows.jsonl");
    writeFileSync(
      rows,
      ["a = 1", "b = 22", "c = 3"].map((completion) =>
        JSON.stringify({ prompt: "<|task|>x<|lua|>", completion: `${completion}<|end|>` }) + "\n"
      ).join(""),
    );
    const recipe = parseRecipe(
      JSON.stringify({
        method: "sft",
        model: { init: tinyModel(folder) },
        optimizer: { lr: 1e-2 },
        data: { path: rows },
        batch: { size: 2 },
        engine: { tokens_per_pass: 128, context: 64 },
        stages: [
          { steps: 2 },
          { steps: 2, lora: { rank: 2, alpha: 4, targets: ["q_proj", "down_proj"] } },
        ],
      }),
      "stages.json",
    );
    await runAll(recipe, join(folder, "a"), false);
    const stop = (event: TrainEvent) => event.type === "checkpoint" && event.step === 3;
    await runAll(recipe, join(folder, "b"), false, stop);
    const rest = await runAll(recipe, join(folder, "b"), true);
    assert.deepEqual(stepsOf(rest), [4]);
    assert.ok(existsSync(join(folder, "a/adapter/adapter_config.json")));
    const adapter = (run: string) =>
      readFileSync(join(folder, run, "adapter/adapter_model.safetensors"));
    assert.ok(adapter("a").equals(adapter("b")), "bitwise");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const checkpointAt = (step: number): Checkpoint => ({
  step,
  stage: 0,
  stage_step: step,
  judged: 8,
  infrastructure: 1,
  state: { step, tensors: new Map([["weights.x", Float32Array.of(step, NaN, -0, 1e-40)]]) },
});

Deno.test("a checkpoint comes back bit for bit, and only the newest are kept", async () => {
  const folder = temporary();
  try {
    for (const step of [1, 2, 10]) await writeCheckpoint(folder, checkpointAt(step), 2);
    assert.deepEqual(readdirSync(folder).sort(), ["step-00000002", "step-00000010"]);
    const read = (await readCheckpoint(folder))!;
    assert.deepEqual({ ...read, state: 0 }, { ...checkpointAt(10), state: 0 });
    assert.deepEqual(
      new Uint32Array(read.state.tensors.get("weights.x")!.buffer),
      new Uint32Array(checkpointAt(10).state.tensors.get("weights.x")!.buffer),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("what a killed writer left is passed over and removed", async () => {
  const folder = temporary();
  try {
    await writeCheckpoint(folder, checkpointAt(1), 2);
    mkdirSync(join(folder, ".writing-2"));
    writeFileSync(join(folder, ".writing-2", "state.safetensors"), "half");
    mkdirSync(join(folder, ".discarded-x"));
    assert.equal((await readCheckpoint(folder))!.step, 1);
    assert.deepEqual(readdirSync(folder), ["step-00000001"]);
    assert.equal(await readCheckpoint(join(folder, "absent")), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("an event is handed over when its reader asks for the next; hints never wait", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 20 }), async (kinds) => {
    const outbox = new Outbox<number>();
    const kept: number[] = [];
    const writer = (async () => {
      for (const [i, waits] of kinds.entries()) {
        if (waits) {
          await outbox.put(i);
          assert.ok(kept.includes(i), "the reader is done with it");
        } else outbox.hint(i);
      }
      outbox.end();
    })();
    for await (const event of outbox) {
      await Promise.resolve();
      kept.push(event);
    }
    await writer;
    const puts = kinds.flatMap((waits, i) => waits ? [i] : []);
    assert.deepEqual(kept.filter((i) => kinds[i]), puts);
  }));
});
