import { Effect } from "effect";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Task } from "../data/mod.ts";
import { type Judgement, Sandbox } from "../sandbox/mod.ts";
import { type Ask, rememberingJudge, remoteSandbox } from "./judge.ts";

const task: Task = {
  id: "a",
  family: "a",
  statement: "twice n",
  signature: { name: "f", parameters: [{ name: "n", type: "int" }], result: "int" },
  cases: [{ arguments: [2], result: 4 }],
  split: "train",
  source: "test",
  licence: "Apache-2.0",
};
const run = <A>(effect: Effect.Effect<A, never, Sandbox>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, Sandbox.layer()));

Deno.test("a verdict is asked for once, an infrastructure error is asked again and not remembered", async () => {
  const answers: Judgement["verdict"][] = ["infrastructure", "infrastructure", "pass"];
  let asked = 0;
  const ask: Ask = () => Effect.sync(() => ({ verdict: answers[asked++]!, tests: [] }));
  const judge = rememberingJudge(ask);
  assert.equal((await run(judge(task, "lua", "x"))).verdict, "infrastructure");
  assert.equal((await run(judge(task, "lua", "x"))).verdict, "pass");
  assert.equal((await run(judge(task, "lua", "x"))).verdict, "pass");
  assert.equal(asked, 3);
});

Deno.test("a remote sandbox gets the request and the token; its faults are infrastructure errors", async () => {
  const seen: { authorization: string | undefined; url: string; language: string }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part);
    const { language, code } = JSON.parse(new TextDecoder().decode(Buffer.concat(parts)));
    seen.push({ authorization: request.headers.authorization, url: request.url!, language });
    if (code === "broken") response.writeHead(500).end("no");
    else if (code === "strange") response.end('{"verd": 1}');
    else response.end(JSON.stringify({ verdict: "pass", tests: [] }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (code: string) =>
    run(remoteSandbox(`${url}/`, "secret")({ language: "lua", code, function: "f", cases: [] }));
  assert.equal((await ask("right")).verdict, "pass");
  assert.deepEqual(seen, [{
    authorization: "Bearer secret",
    url: "/api/judge",
    language: "lua",
  }]);
  const broken = await ask("broken");
  assert.equal(broken.verdict, "infrastructure");
  assert.match(broken.compile!.message!, /HTTP 500/);
  assert.doesNotMatch(broken.compile!.message!, /secret/);
  assert.equal((await ask("strange")).verdict, "infrastructure");
  await new Promise((closed) => server.close(closed));
  assert.equal((await ask("right")).verdict, "infrastructure");
});
