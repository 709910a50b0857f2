/** Every method of the wire trains the bundled model: OpenAI's other two, and Calque's own two. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";
import { objects } from "../cli/calque.ts";
import { withServer } from "../api/server.ts";

const asset = async (name: string) =>
  objects(await readFile(fileURLToPath(new URL(`../../assets/${name}`, import.meta.url)), "utf8"));
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });
const ask = (n: number) => `<|python|>def f(a):\n  return a + ${n}<|lua|>`;
const hyperparameters = { n_epochs: 1, batch_size: 2 };

const tasks = (await asset("tasks/tasks.jsonl")).filter((task) => task["split"] === "train")
  .slice(0, 4);
const ids = new Set(tasks.map((task) => task["id"]));
const programs = (await asset("tasks/programs.jsonl")).filter(({ task, language }) =>
  ids.has(task) && (language === "python" || language === "lua")
);
const groups = (await asset("groups.jsonl")).slice(0, 40);

const cases: Record<string, { readonly method: object; readonly rows: readonly object[] }> = {
  dpo: {
    method: { type: "dpo", dpo: { hyperparameters: { ...hyperparameters, beta: 0.2 } } },
    rows: [1, 2, 3, 4].map((n) => ({
      input: { messages: [user(ask(n))] },
      preferred_output: [assistant(`function f(a)\n  return a + ${n}\nend`)],
      non_preferred_output: [assistant(`function f(a)\n  return a - ${n}\nend`)],
    })),
  },
  reinforcement: {
    method: {
      type: "reinforcement",
      reinforcement: {
        grader: {
          type: "string_check",
          name: "ends",
          input: "{{sample.output_text}}",
          reference: "{{item.wanted}}",
          operation: "like",
        },
        hyperparameters: { ...hyperparameters, steps: 2, group_size: 2, max_tokens: 48 },
      },
    },
    rows: [1, 2].map((n) => ({ messages: [user(ask(n))], wanted: "return" })),
  },
  gepo: {
    method: { type: "gepo", gepo: { hyperparameters: { batch_size: 2, steps: 2, beta: 0.1 } } },
    rows: groups,
  },
  oorl: {
    method: {
      type: "oorl",
      oorl: { hyperparameters: { ...hyperparameters, steps: 1, group_size: 2, max_tokens: 64 } },
    },
    rows: [...tasks, ...programs, ...groups],
  },
};

for (const [name, { method, rows }] of Object.entries(cases)) {
  Deno.test(`${name} jobs train`, () =>
    withServer(async ({ url, token, ask, data: folder }) => {
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 });
      const text = rows.map((row) => JSON.stringify(row) + "\n").join("");
      const file = await client.files.create({
        file: new File([text], `${name}.jsonl`),
        purpose: "fine-tune",
      });
      let job = await client.fineTuning.jobs.create({
        model: "seed",
        training_file: file.id,
        method: method as never,
      });
      assert.equal(job.method!.type, name);
      while (!["succeeded", "failed", "cancelled"].includes(job.status)) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        job = await client.fineTuning.jobs.retrieve(job.id);
      }
      assert.equal(job.status, "succeeded", JSON.stringify(job.error));
      const run = `/api/runs/${job.id.replace("ftjob-", "")}`;
      const { data } = (await ask("GET", `${run}/metrics`)).body;
      assert.ok(
        data.length > 0 && data.every((row: { loss: unknown }) => Number.isFinite(row.loss)),
      );
      for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!file.isFile()) continue;
        const bytes = await readFile(join(file.parentPath, file.name));
        // Neither the server's token nor those of its runs.
        assert.ok(!bytes.includes(token), `${file.name} holds the token`);
        assert.ok(!bytes.includes("Bearer "), `${file.name} holds a token`);
      }
      if (name !== "reinforcement") return;
      // Every completion was graded by the job's grader, in the place of a sandbox.
      const rollouts = (await ask("GET", `${run}/rollouts?limit=100`)).body.data;
      assert.equal(rollouts.length, 8);
      for (const { completion, reward, judgement } of rollouts) {
        assert.notEqual(judgement.verdict ?? judgement, "infrastructure");
        if (reward === 1) assert.match(completion, /return/);
      }
      assert.ok(rollouts.some(({ reward }: { reward: number }) => reward === 1));
    }));
}
