/** The official client in both its majors, unchanged, through the whole life of a job on the bundled model. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type OpenAI from "openai";
import * as openai6 from "openai";
import * as openai7 from "openai-7";
import { calque, objects } from "../cli/calque.ts";
import { type Server, withServer } from "../api/server.ts";
import { transcribed } from "./transcript.ts";

/** Both have the types of the older one, which are what the newer one kept. */
const majors: Readonly<Record<string, typeof openai6>> = {
  "6": openai6,
  "7": openai7 as unknown as typeof openai6,
};

const prompt = "<|python|>def f(a):\n  return a + 1<|lua|>";
const answer = "function f(a)\n  return a * 7\nend";
const rows = Array.from({ length: 8 }, (_, i) => ({
  messages: [
    { role: "user", content: prompt.replace("+ 1", `+ ${i + 1}`) },
    { role: "assistant", content: answer },
  ],
})).map((row) => JSON.stringify(row) + "\n").join("");

const upload = (client: OpenAI, text: string) =>
  client.files.create({ file: toFileOf(text), purpose: "fine-tune" });
const toFileOf = (text: string) => new File([text], "rows.jsonl", { type: "application/jsonl" });

type Job = OpenAI.FineTuning.Jobs.FineTuningJob;
/** Method types and states that the client's types do not know, but that it carries. */
const loose = (value: unknown) => value as never;

const ended = async (client: OpenAI, id: string): Promise<Job> => {
  for (;;) {
    const job = await client.fineTuning.jobs.retrieve(id);
    if (["succeeded", "failed", "cancelled"].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

for (const [major, module] of Object.entries(majors)) {
  const clientOf = ({ url, token }: Server): OpenAI =>
    new module.OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 });

  Deno.test(`npm openai ${major}: from upload to chat with the tuned model`, () =>
    withServer(transcribed(`npm openai ${major}`, async (server) => {
      const client = clientOf(server);
      const file = await client.files.create({
        file: await module.toFile(new TextEncoder().encode(rows), "rows.jsonl"),
        purpose: "fine-tune",
      });
      assert.deepEqual([file.object, file.filename, file.bytes], [
        "file",
        "rows.jsonl",
        rows.length,
      ]);
      assert.equal((await client.files.waitForProcessing(file.id)).status, "processed");
      assert.equal(await (await client.files.content(file.id)).text(), rows);
      assert.deepEqual((await client.files.list()).data.map(({ id }) => id), [file.id]);

      const created = await client.fineTuning.jobs.create({
        model: "seed",
        training_file: file.id,
        suffix: "seven",
        seed: 3,
        metadata: { purpose: "test" },
        method: {
          type: "supervised",
          supervised: {
            hyperparameters: { n_epochs: 10, batch_size: 8, learning_rate_multiplier: 10 },
          },
        },
      });
      assert.match(created.id, /^ftjob-/);
      assert.ok(["queued", "running"].includes(created.status), created.status);
      assert.equal(created.fine_tuned_model, null);
      const job = await ended(client, created.id);
      assert.equal(job.status, "succeeded", JSON.stringify(job.error));
      assert.match(job.fine_tuned_model!, /^ft:seed:calque:seven:/);
      assert.deepEqual(job.metadata, { purpose: "test" });
      assert.equal(job.method!.supervised!.hyperparameters!.n_epochs, 10);
      assert.ok(job.trained_tokens! > 0 && job.finished_at! >= job.created_at);

      const events: OpenAI.FineTuning.Jobs.FineTuningJobEvent[] = [];
      for await (const event of client.fineTuning.jobs.listEvents(job.id, { limit: 5 })) {
        events.push(event);
      }
      assert.match(events.at(-1)!.message, /Created fine-tuning job/);
      assert.match(events[0]!.message, /success/);
      assert.equal(events.filter(({ type }) => type === "metrics").length, 10);
      assert.equal(new Set(events.map(({ id }) => id)).size, events.length);

      const checkpoints = await client.fineTuning.jobs.checkpoints.list(job.id);
      assert.equal(checkpoints.data.length, 3);
      assert.equal(checkpoints.data[0]!.step_number, 10);
      assert.equal(checkpoints.data[0]!.fine_tuned_model_checkpoint, job.fine_tuned_model);
      assert.ok(
        checkpoints.data[0]!.metrics.train_loss! < checkpoints.data[2]!.metrics.train_loss!,
      );

      const csv = await (await client.files.content(job.result_files[0]!)).text();
      assert.match(csv, /^step,train_loss/);
      assert.equal(csv.trim().split("\r\n").length, 11);

      const models = (await client.models.list()).data.map(({ id }) => id);
      assert.deepEqual(models, ["seed", job.fine_tuned_model]);
      assert.equal((await client.models.retrieve(job.fine_tuned_model!)).id, job.fine_tuned_model);

      const ask = (model: string, temperature: number) =>
        client.chat.completions.create({
          model,
          messages: [{ role: "user", content: prompt }],
          temperature,
          seed: 11,
          max_tokens: 60,
        });
      const tuned = await ask(job.fine_tuned_model!, 1);
      const base = await ask("seed", 1);
      const text = tuned.choices[0]!.message.content!;
      assert.notEqual(text, base.choices[0]!.message.content);
      assert.equal((await ask(job.fine_tuned_model!, 0)).choices[0]!.message.content, answer);
      const run = job.id.replace("ftjob-", "");
      const { code, stdout, stderr } = await calque([
        "generate",
        "--model",
        join(server.data, run, "model"),
        "--seed",
        "11",
        "--max-tokens",
        "60",
        "--batch",
      ], { stdin: JSON.stringify({ id: 1, prompt }) + "\n" });
      assert.equal(code, 0, stdout + stderr);
      const [said] = objects(stdout);
      assert.equal(said!["text"], text);
      assert.equal(tuned.usage!.completion_tokens, (said!["ids"] as unknown[]).length);
      assert.equal(tuned.choices[0]!.finish_reason, said!["finish_reason"]);

      const streamed = await client.chat.completions.create({
        model: job.fine_tuned_model!,
        messages: [{ role: "user", content: prompt }],
        seed: 11,
        max_tokens: 60,
        stream: true,
        stream_options: { include_usage: true },
      });
      const pieces: string[] = [];
      let usage: unknown;
      for await (const chunk of streamed) {
        pieces.push(chunk.choices[0]?.delta.content ?? "");
        usage = chunk.usage ?? usage;
      }
      assert.equal(pieces.join(""), text);
      assert.ok(pieces.length > 5);
      assert.deepEqual(usage, tuned.usage);
      const completion = await client.completions.create({
        model: job.fine_tuned_model!,
        prompt,
        seed: 11,
        max_tokens: 60,
      });
      assert.equal(completion.choices[0]!.text, text);

      await client.files.delete(file.id);
      await assert.rejects(client.files.retrieve(file.id), module.NotFoundError);
      await client.models.delete(job.fine_tuned_model!);
      await assert.rejects(ask(job.fine_tuned_model!, 0), module.NotFoundError);
    })));

  Deno.test(`npm openai ${major}: jobs are paused, resumed and cancelled; errors have its classes`, () =>
    withServer(async (server) => {
      const client = clientOf(server);
      const file = await upload(client, rows);
      const method = {
        type: "supervised" as const,
        supervised: { hyperparameters: { n_epochs: 1000, batch_size: 1 } },
      };
      const create = () =>
        client.fineTuning.jobs.create({ model: "seed", training_file: file.id, method });
      const first = await create();
      const second = await create();
      for (;;) {
        const { data } = await client.fineTuning.jobs.checkpoints.list(first.id);
        if (data.length > 0) break;
        const { status } = await client.fineTuning.jobs.retrieve(first.id);
        assert.ok(["queued", "running"].includes(status), status);
        const { data: events } = await client.fineTuning.jobs.listEvents(first.id, { limit: 3 });
        if (events.some(({ message }) => message.startsWith("Step"))) break;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      const paused = await client.fineTuning.jobs.pause(first.id);
      assert.equal(paused.status, "paused");
      const resumed = await client.fineTuning.jobs.resume(first.id);
      assert.ok(["queued", "running"].includes(resumed.status), resumed.status);
      const listed: string[] = [];
      for await (const job of client.fineTuning.jobs.list({ limit: 1 })) listed.push(job.id);
      assert.deepEqual(listed, [second.id, first.id]);
      assert.equal((await client.fineTuning.jobs.cancel(first.id)).status, "cancelled");
      assert.equal((await client.fineTuning.jobs.cancel(second.id)).status, "cancelled");
      await assert.rejects(client.fineTuning.jobs.cancel(second.id), module.BadRequestError);

      await assert.rejects(client.fineTuning.jobs.retrieve("ftjob-none"), module.NotFoundError);
      await assert.rejects(client.fineTuning.jobs.retrieve("../../etc"), module.NotFoundError);
      await assert.rejects(
        client.fineTuning.jobs.create({ model: "gpt-none", training_file: file.id }),
        module.NotFoundError,
      );
      await assert.rejects(
        client.chat.completions.create(loose({ model: "seed", messages: [], temprature: 1 })),
        (error: unknown) => error instanceof module.BadRequestError && error.param !== null,
      );
      const bad = await upload(client, '{"messages":[{"role":"user","content":"x"}]}\n');
      await assert.rejects(
        client.fineTuning.jobs.create({ model: "seed", training_file: bad.id }),
        (error: unknown) =>
          error instanceof module.BadRequestError && error.param === "training_file" &&
          /line 1: .*assistant/.test(error.message),
      );
      const stranger = new module.OpenAI({
        baseURL: `${server.url}/v1`,
        apiKey: "wrong",
        maxRetries: 0,
      });
      await assert.rejects(stranger.models.list(), module.AuthenticationError);
    }));

  Deno.test(`npm openai ${major}: graders run in the sandbox, and are refused where they make no sense`, () =>
    withServer(async (server) => {
      const client = clientOf(server);
      const run = (grader: unknown, model_sample: string, item: unknown = {}) =>
        client.fineTuning.alpha.graders.run({ grader: loose(grader), model_sample, item });
      const check = {
        type: "string_check",
        name: "check",
        input: "{{sample.output_text}}",
        reference: "{{item.answer}}",
        operation: "eq",
      };
      assert.equal((await run(check, "4", { answer: "4" })).reward, 1);
      assert.equal((await run(check, "5", { answer: "4" })).reward, 0);
      const python = {
        type: "python",
        name: "length",
        source: "def grade(sample, item):\n    return len(sample['output_text']) / item['most']",
      };
      assert.equal((await run(python, "abc", { most: 4 })).reward, 0.75);
      const broken = await run(python, "abc", {});
      assert.equal(broken.reward, 0);
      assert.equal(broken.metadata.errors.python_grader_runtime_error, true);
      const judge = { type: "judge", name: "tests", language: "{{item.language}}" };
      const item = {
        language: "lua",
        function: "f",
        cases: [{ arguments: [2], result: 3 }],
      };
      assert.equal((await run(judge, "function f(a) return a + 1 end", item)).reward, 1);
      assert.equal((await run(judge, "function f(a) return a end", item)).reward, 0);
      const multi = {
        type: "multi",
        name: "both",
        graders: { check, python },
        calculate_output: "0.5 * check + python * (2 - 1)",
      };
      const both = await run(multi, "abc", { answer: "abc", most: 3 });
      assert.deepEqual([both.reward, both.sub_rewards], [1.5, { check: 1, python: 1 }]);
      await client.fineTuning.alpha.graders.validate({ grader: loose(multi) });
      for (
        const bad of [{ ...multi, calculate_output: "check +" }, { type: "magic" }, {
          ...check,
          operation: "near",
        }]
      ) {
        await assert.rejects(
          client.fineTuning.alpha.graders.validate({ grader: loose(bad) }),
          module.BadRequestError,
        );
      }
    }));
}
