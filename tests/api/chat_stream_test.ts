/** Streamed chats: the pieces are the answer, and they come while the model writes. */
import assert from "node:assert/strict";
import { cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { initModelFolder } from "../../ts/model/mod.ts";
import { type Server, withServer } from "./server.ts";

const prompt = "<|python|>def f(a):\n  return a + 1<|lua|>";
const messages = [{ role: "user", content: prompt }];

/** A model of random weights that never ends by itself, as `endless`. */
const addEndless = async (data: string): Promise<void> => {
  const folder = join(data, "models", "endless");
  const { eos_token_id: _, ...config } = JSON.parse(
    await readFile("assets/seed/config.json", "utf8"),
  );
  await mkdir(folder, { recursive: true });
  await initModelFolder(config, folder, 1);
  await cp("assets/seed/tokenizer.json", join(folder, "tokenizer.json"));
};

// deno-lint-ignore no-explicit-any -- chunks are what the server says
async function* chunksOf(server: Server, path: string, request: object): AsyncGenerator<any> {
  const response = await server.fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...request, stream: true, stream_options: { include_usage: true } }),
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  let text = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    const frames = (text + part).split("\n\n");
    text = frames.pop()!;
    for (const frame of frames) {
      const data = /^data: (.*)$/.exec(frame)?.[1];
      assert.ok(data !== undefined, frame);
      if (data === "[DONE]") return;
      yield JSON.parse(data);
    }
  }
  assert.fail(`the stream ended with ${JSON.stringify(text)}`);
}

Deno.test("the pieces of a stream are the answer without one, whatever the stop texts", () =>
  withServer(async (server) => {
    const stops = [undefined, "e", ["ret", "return"], ["\n", "unction"], "é", "end"];
    for (const [i, stop] of [...stops, ...stops, ...stops].entries()) {
      const request = {
        model: i < 12 ? "seed" : "endless",
        messages,
        n: 1 + i % 3,
        seed: i,
        temperature: 1.3,
        max_completion_tokens: 60,
        logprobs: true,
        ...(stop === undefined ? {} : { stop }),
      };
      const whole = (await server.ask("POST", "/v1/chat/completions", request)).body;
      const content: string[] = Array(request.n).fill("");
      const tokens: string[][] = content.map(() => []);
      const finish: string[] = [];
      let usage: unknown;
      for await (const chunk of chunksOf(server, "/v1/chat/completions", request)) {
        usage = chunk.usage ?? usage;
        for (const { index, delta, logprobs, finish_reason } of chunk.choices) {
          content[index] += delta.content ?? "";
          tokens[index]!.push(...(logprobs?.content ?? []).map((t: object) => JSON.stringify(t)));
          finish[index] = finish_reason ?? finish[index];
        }
      }
      assert.deepEqual(usage, whole.usage);
      // deno-lint-ignore no-explicit-any -- as above
      whole.choices.forEach((choice: any, index: number) => {
        assert.equal(content[index], choice.message.content, JSON.stringify(request));
        assert.equal(finish[index], choice.finish_reason);
        const told = tokens[index]!;
        const all = choice.logprobs.content.map((token: object) => JSON.stringify(token));
        assert.deepEqual(told, all.slice(0, told.length));
      });
    }
  }, addEndless));

Deno.test("a stream is told while the model writes, and others are answered meanwhile", () =>
  withServer(async (server) => {
    const request = { model: "endless", prompt, seed: 3, max_tokens: 400 };
    const heard: string[] = [];
    let other: Promise<unknown> | undefined;
    for await (const chunk of chunksOf(server, "/v1/completions", request)) {
      heard.push(chunk.choices[0]?.text ?? "");
      other ??= server.ask("POST", "/v1/completions", { ...request, max_tokens: 2 })
        .then(({ status }) => heard.push(`another: ${status}`));
    }
    await other;
    const at = heard.indexOf("another: 200");
    assert.ok(at > 0 && at < heard.length - 20, `${at} of ${heard.length}`);
  }, addEndless));

Deno.test("what is refused has its status, streamed or not", () =>
  withServer(async (server) => {
    for (
      const [request, status] of [
        [{ model: "absent", messages }, 404],
        [{ model: "seed", messages: [{ role: "user", content: "x ".repeat(5000) }] }, 400],
      ] as const
    ) {
      const refused = await server.ask("POST", "/v1/chat/completions", {
        ...request,
        stream: true,
      });
      assert.equal(refused.status, status, JSON.stringify(refused.body));
      assert.equal(typeof refused.body.error.message, "string");
    }
  }));

Deno.test("who leaves, streamed or not, makes room for those who wait", () =>
  withServer(async (server) => {
    const request = { model: "endless", prompt, seed: 3, max_tokens: 2 };
    const ask = (body: object) => server.ask("POST", "/v1/completions", { ...request, ...body });
    for (const stream of [true, false]) {
      const order: string[] = [];
      const leaving = new AbortController();
      const begun = server.fetch("/v1/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...request, n: 15, max_tokens: 800, stream }),
        signal: leaving.signal,
      });
      // All that follows joins once the first is at work; the last finds no slot free.
      if (stream) await (await begun).body!.getReader().read();
      else await new Promise((resolve) => setTimeout(resolve, 1000));
      const others = [
        ask({ max_tokens: 500 }).then(({ status }) => order.push(`beside: ${status}`)),
        ask({}).then(({ status }) => order.push(`waiting: ${status}`)),
      ];
      leaving.abort();
      await begun.then((response) => response.body?.cancel()).catch(() => {});
      await Promise.all(others);
      assert.deepEqual(order, ["waiting: 200", "beside: 200"], String(stream));
    }
  }, addEndless));
