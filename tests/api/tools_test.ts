/** The tools over HTTP answer what the commands of the same name answer. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readFile, writeFile } from "node:fs/promises";
import { hc } from "hono/client";
import type { App } from "../../apps/api/mod.ts";
import { initModelFolder } from "../../ts/model/mod.ts";
import { calque, objects } from "../cli/calque.ts";
import { withServer } from "./server.ts";

const prompt = "<|python|>def f(a):\n  return a + 1<|lua|>";

Deno.test("generate is the command's sample, by prompt, ids or messages, and several where asked", () =>
  withServer(async ({ ask }) => {
    const flags = ["--seed", "5", "--max-tokens", "24", "--temperature", "0.8", "--top-k", "20"];
    const asked = { seed: 5, max_tokens: 24, temperature: 0.8, top_k: 20 };
    const { stdout } = await calque(
      ["generate", "--model", "assets/seed", "--batch", ...flags],
      { stdin: JSON.stringify({ id: "x", prompt }) + "\n" },
    );
    const [wanted] = objects(stdout);
    const { status, body } = await ask("POST", "/api/generate", { id: "x", prompt, ...asked });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body, wanted);
    const { body: { ids } } = await ask("POST", "/api/tokenize", { text: prompt });
    assert.deepEqual((await ask("POST", "/api/generate", { id: "x", ids, ...asked })).body, wanted);
    const messages = [{ role: "user", content: prompt }];
    const chat = await ask("POST", "/api/generate", { messages, ...asked });
    assert.deepEqual(chat.body.ids, wanted!["ids"]);
    const several = (await ask("POST", "/api/generate", { prompt, n: 3, ...asked })).body;
    assert.deepEqual(several.samples.map(({ index }: { index: number }) => index), [0, 1, 2]);
    assert.deepEqual({ id: "x", ...several.samples[0] }, wanted);
    for (
      const [body, key] of [
        [{}, /exactly one of "ids", "prompt" and "messages"/],
        [{ prompt, ids }, /exactly one/],
        [{ prompt, n: 0 }, /"n"/],
        [{ prompt, temprature: 1 }, /"temprature": is not a known key/],
        [{ prompt: "" }, /at least one token/],
        [{ ids: [4_000_000_000] }, /token|vocab/],
        [{ ids: new Array(5000).fill(1) }, /context/],
      ] as const
    ) {
      const refused = await ask("POST", "/api/generate", body);
      assert.equal(refused.status, 400, JSON.stringify(refused.body));
      assert.match(refused.body.detail, key);
    }
    assert.equal((await ask("POST", "/api/generate", { model: "absent", prompt })).status, 404);
  }));

Deno.test("requests at once are answered as each alone, whichever model they ask", () =>
  withServer(async ({ ask, data }) => {
    const config = JSON.parse(await readFile("assets/seed/config.json", "utf8"));
    await initModelFolder(config, join(data, "models", "fresh"), 1);
    const asked = Array.from({ length: 24 }, (_, i) => ({
      model: i % 10 < 7 ? "seed" : "fresh",
      ids: [1 + i, 2, 3],
      n: 1 + i % 3,
      temperature: i % 4 === 3 ? 0 : 0.8,
      max_tokens: 8 + i,
      seed: i,
    }));
    const answers = async (requests: typeof asked) =>
      await Promise.all(requests.map((request) => ask("POST", "/api/generate", request)));
    const together = await answers(asked);
    for (const [i, request] of asked.entries()) {
      assert.equal(together[i]!.status, 200, JSON.stringify(together[i]!.body));
      assert.deepEqual(together[i]!.body, (await answers([request]))[0]!.body);
    }
  }));

Deno.test("translate is the command's program", () =>
  withServer(async ({ ask, data }) => {
    const code = "def f(a):\n  return a + 1\n";
    const file = join(data, "program.py");
    await writeFile(file, code);
    const { stdout } = await calque(
      ["translate", "--model", "assets/seed", "--from", "python", "--to", "lua", file],
    );
    const { status, body } = await ask("POST", "/api/translate", {
      id: 7,
      from: "python",
      to: "lua",
      code,
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body, { id: 7, code: stdout, finish_reason: "stop" });
    const short = { from: "python", to: "lua", code, max_tokens: 2 };
    assert.equal((await ask("POST", "/api/translate", short)).body.finish_reason, "length");
    const long = { from: "python", to: "lua", code: "x = 1\n".repeat(5000) };
    const refused = await ask("POST", "/api/translate", long);
    assert.equal(refused.status, 400);
    assert.match(refused.body.detail, /context/);
  }));

Deno.test("a tokenizer that is out of reach is refused, whether it is there or not", () =>
  withServer(async ({ ask }) => {
    for (const tokenizer of ["/etc/passwd", "../../etc/passwd", "/absent/tokenizer.json"]) {
      const { status, body } = await ask("POST", "/api/tokenize", { text: "a", tokenizer });
      assert.equal(status, 400);
      assert.match(body.detail, /key "tokenizer"/);
    }
    const named = await ask("POST", "/api/tokenize", { text: "a b", tokenizer: "assets/seed" });
    assert.deepEqual(named.body, (await ask("POST", "/api/tokenize", { text: "a b" })).body);
  }));

Deno.test("run_code answers as SandboxFusion does", () =>
  withServer(async ({ ask }) => {
    const run = async (body: object) => {
      const { status, body: said } = await ask("POST", "/run_code", body);
      assert.equal(status, 200, JSON.stringify(said));
      return said;
    };
    // What SandboxFusion's clients send, with their defaults.
    const defaults = { compile_timeout: 10, run_timeout: 10, files: {}, fetch_files: [] };
    const sum = await run({
      ...defaults,
      code: "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
      language: "python",
      stdin: "1 2 3",
      memory_limit_MB: -1,
    });
    const { execution_time, ...result } = sum.run_result;
    assert.ok(execution_time > 0);
    assert.deepEqual(result, { status: "Finished", return_code: 0, stdout: "6\n", stderr: "" });
    assert.deepEqual({ ...sum, run_result: null }, {
      status: "Success",
      message: "",
      compile_result: null,
      run_result: null,
      executor_pod_name: null,
      files: {},
    });
    // All of the output comes, where other sandboxes stop reading.
    const talk = await run({ code: "print('x' * 300000)", language: "python" });
    assert.equal(talk.run_result.stdout.length, 300_001);
    const failed = await run({ code: "import sys; sys.exit(3)", language: "python" });
    assert.deepEqual([failed.status, failed.run_result.return_code], ["Failed", 3]);
    const late = await run({ code: "while True: pass", language: "python", run_timeout: 0.5 });
    assert.deepEqual([late.status, late.run_result.status], ["Failed", "TimeLimitExceeded"]);
    const broken = await run({ code: "int main( {", language: "c" });
    assert.equal(broken.status, "Failed");
    assert.deepEqual([broken.compile_result.return_code, broken.run_result], [1, null]);
    assert.match(broken.compile_result.stderr, /error/);
    const built = await run({
      code: '#include <stdio.h>\nint main(void) { puts("ok"); return 0; }',
      language: "c",
    });
    assert.equal(built.compile_result.return_code, 0);
    assert.equal(built.run_result.stdout, "ok\n");
    const node = await run({ code: "console.log(1 + 1)", language: "nodejs" });
    assert.equal(node.run_result.stdout, "2\n");
    for (const body of [{ code: "", language: "cobol" }, { language: "python" }]) {
      assert.equal((await ask("POST", "/run_code", body)).status, 400);
    }
  }));

Deno.test("submit judges a completion as SandboxFusion does", () =>
  withServer(async ({ ask }) => {
    const submit = async (completion: string, more: object = {}) => {
      const { status, body } = await ask("POST", "/submit", {
        dataset: "any",
        id: 3,
        completion,
        config: {
          dataset_type: "CommonOJDataset",
          language: "python",
          run_timeout: 5,
          provided_data: {
            id: 3,
            content: "Twice the number.",
            test: [
              { input: { stdin: "1" }, output: { stdout: "2" } },
              { input: { stdin: "4" }, output: { stdout: "8\n" } },
            ],
          },
          ...more,
        },
      });
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    };
    const fenced = (code: string) => `Here it is:\n\`\`\`python\n${code}\n\`\`\`\nDone.`;
    const right = await submit(fenced("print(2 * int(input()))"));
    assert.deepEqual([right.id, right.accepted, right.extracted_type], [3, true, "fenced"]);
    assert.equal(right.extracted_code, "print(2 * int(input()))\n");
    assert.deepEqual(right.tests.map(({ passed }: { passed: boolean }) => passed), [true, true]);
    assert.equal(right.tests[1].exec_info.run_result.stdout, "8\n");
    const wrong = fenced("print(2)");
    assert.equal((await submit(wrong)).accepted, false);
    assert.equal((await submit(fenced("print(3)"))).tests.length, 1);
    const all = await submit(wrong, { extra: { run_all_cases: true } });
    assert.deepEqual(all.tests.map(({ passed }: { passed: boolean }) => passed), [true, false]);
    assert.equal((await submit("```python\nprint(2 * int(input()))")).accepted, true);
    const empty = await submit("I cannot do this.");
    assert.deepEqual([empty.accepted, empty.extracted_type, empty.tests], [false, "empty", []]);
    const early = await submit(fenced("print(2 * int(input()))\nraise SystemExit(1)"));
    assert.equal(early.accepted, false);
  }));

Deno.test("the typed client knows the routes and what they answer", () =>
  withServer(async ({ url, token }) => {
    const client = hc<App>(url, { headers: { authorization: `Bearer ${token}` } });
    const health = await (await client.healthz.$get()).json();
    assert.equal(health.status satisfies "ok", "ok");
    const made = await client.api.tokens.$post({ json: { name: "typed", scopes: ["read"] } });
    assert.equal(made.status, 201);
    const created = await made.json();
    if (!("token" in created)) throw new Error("no token");
    assert.ok(created.token.length > 20);
    const list = await (await client.api.runs.$get({ query: { limit: 5 } })).json();
    if (!("data" in list)) throw new Error("no list");
    assert.deepEqual(list.data, []);
    assert.equal(list.next_cursor satisfies string | null, null);
    const absent = await client.api.runs[":id"].$get({ param: { id: "absent" } });
    assert.equal(absent.status as number, 404);
    const gone = await client.api.tokens[":id"].$delete({ param: { id: created.id } });
    assert.equal(gone.status, 204);
  }));
