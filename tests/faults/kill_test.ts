/**
 * The server is killed at random moments of a job, every second time its training process too. What it
 * has acknowledged is there afterwards, and the job ends with the weights of one that was left alone.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Random } from "../../ts/data/mod.ts";
import { layout, lockHolder } from "../../ts/runs/mod.ts";
import { type Server, startServer } from "../api/server.ts";

const KILLS = Number(Deno.env.get("CALQUE_FAULT_KILLS") ?? 4);
const SEED = Number(Deno.env.get("CALQUE_FAULT_SEED") ?? 1);
const STEPS = 20 + 5 * KILLS;

const rows = Array.from({ length: 8 }, (_, i) => ({
  messages: [
    { role: "user", content: `<|python|>def f(a):\n  return a + ${i}<|lua|>` },
    { role: "assistant", content: `function f(a)\n  return a + ${i}\nend` },
  ],
})).map((row) => JSON.stringify(row) + "\n").join("");

const upload = async (server: Server, text: string): Promise<string> => {
  const body = new FormData();
  body.set("purpose", "fine-tune");
  body.set("file", new File([text], "rows.jsonl"));
  const response = await server.fetch("/v1/files", { method: "POST", body });
  assert.equal(response.status, 200);
  return (await response.json()).id;
};

const createJob = async (server: Server, training_file: string): Promise<string> => {
  const { status, body } = await server.ask("POST", "/v1/fine_tuning/jobs", {
    model: "seed",
    training_file,
    seed: 4,
    method: {
      type: "supervised",
      supervised: { hyperparameters: { n_epochs: STEPS, batch_size: 8 } },
    },
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body.id.replace("ftjob-", "");
};

/** Frames by their ids, as far as the stream goes; what was told before must be told again. */
const hear = async (server: Server, run: string, heard: Map<number, string>): Promise<void> => {
  const last = Math.max(0, ...heard.keys());
  try {
    const response = await server.fetch(`/api/runs/${run}/events`, {
      headers: { "last-event-id": String(last) },
    });
    let rest = "";
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      rest += text;
      for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
        const frame = rest.slice(0, end);
        rest = rest.slice(end + 2);
        const id = Number(/^id: (\d+)$/m.exec(frame)?.[1]);
        if (frame.startsWith(":")) continue;
        assert.ok(!heard.has(id), `event ${id} came twice after ${last}`);
        heard.set(id, frame);
      }
    }
  } catch (error) {
    // The server was killed; what came is acknowledged.
    if (error instanceof assert.AssertionError) throw error;
  }
};

const digestOf = async (file: string): Promise<string> =>
  createHash("sha256").update(await readFile(file)).digest("hex");

const stateOf = async (server: Server, run: string) => {
  const { body } = await server.ask("GET", `/api/runs/${run}`);
  return body as { status: string; step: number; error: string | null };
};

const untilDone = async (server: Server, run: string): Promise<void> => {
  for (;;) {
    const { status, error } = await stateOf(server, run);
    if (status === "done") return;
    assert.ok(["queued", "running", "interrupted"].includes(status), `${status}: ${error}`);
    await setTimeout(200);
  }
};

Deno.test(`${KILLS} kills lose nothing, and the weights are those of a job left alone`, async () => {
  const data = await mkdtemp(join(tmpdir(), "calque-kill-"));
  const random = new Random(SEED);
  let server = await startServer(data);
  const table: string[] = [];
  try {
    const file = await upload(server, rows);
    const alone = await createJob(server, file);
    await untilDone(server, alone);
    const wanted = await digestOf(join(layout(join(data, alone)).model, "model.safetensors"));

    const run = await createJob(server, file);
    const files = new Map([[file, rows]]);
    const heard = new Map<number, string>();
    let checkpoint = 0;
    const moments = Array.from({ length: KILLS }, () => Math.floor(random.next() * STEPS))
      .sort((a, b) => a - b);
    for (let kill = 1; kill <= KILLS; kill++) {
      const listening = hear(server, run, heard);
      // By steps, not by time: a busy machine must not bring all kills before the first one.
      while ((await stateOf(server, run)).step < moments[kill - 1]!) await setTimeout(20);
      await setTimeout(random.next() * 300);
      const text = `${kill}\n`;
      files.set(await upload(server, text), text);
      const { body } = await server.ask("GET", `/api/runs/${run}/checkpoints`);
      const steps = body.data.map(({ step }: { step: number }) => step);
      assert.ok(Math.max(0, ...steps) >= checkpoint, "a checkpoint was lost");
      checkpoint = Math.max(checkpoint, ...steps);
      const { status, step } = await stateOf(server, run);
      const training = kill % 2 === 0
        ? await lockHolder(layout(join(data, run)).process)
        : undefined;
      await server.stop("SIGKILL");
      if (training !== undefined) process.kill(training.pid, "SIGKILL");
      await listening;
      table.push(
        `${kill}: ${status} at step ${step}, ${heard.size} events, checkpoint ${checkpoint}, killed ${
          training === undefined ? "the server" : "both"
        }`,
      );
      server = await startServer(data);
      for (const [id, content] of files) {
        const response = await server.fetch(`/v1/files/${id}/content`);
        assert.equal(await response.text(), content, `file ${id}`);
      }
    }
    await untilDone(server, run);
    await hear(server, run, heard);
    const ids = [...heard.keys()].sort((a, b) => a - b);
    assert.deepEqual(ids, ids.map((_, i) => i + 1), "an event was lost");
    const replayed = new Map<number, string>();
    await hear(server, run, replayed);
    for (const [id, frame] of heard) assert.equal(replayed.get(id), frame);
    const digest = await digestOf(join(layout(join(data, run)).model, "model.safetensors"));
    assert.equal(digest, wanted, "other weights");
    const { body: metrics } = await server.ask("GET", `/api/runs/${run}/metrics`);
    assert.deepEqual(
      metrics.data.map((row: { step: number }) => row.step),
      Array.from({ length: STEPS }, (_, i) => i + 1),
    );
  } finally {
    console.log(table.join("\n"));
    await server.stop();
    await rm(data, { recursive: true });
  }
});
