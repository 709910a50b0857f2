import assert from "node:assert/strict";
import { calque, conversation, objects } from "./calque.ts";

const echo = (id: unknown, expected: string, code = "print(input())") => ({
  id,
  language: "python",
  code,
  tests: [{ stdin: "hello", stdout: expected }],
});

Deno.test("judge --batch answers while stdin is open, in order, each under its id", async () => {
  const talk = conversation(["judge", "--batch"]);
  talk.say(echo("a", "hello"));
  const first = await talk.hear();
  assert.deepEqual([first["id"], first["verdict"]], ["a", "pass"]);
  talk.say(echo(2, "hello", "import time; time.sleep(1); print(input())"));
  talk.say(echo(3, "goodbye"));
  assert.deepEqual([(await talk.hear())["id"], (await talk.hear())["verdict"]], [
    2,
    "wrong-answer",
  ]);
  assert.equal(await talk.end(), 0);
});

Deno.test("a bad line is answered under its id, the rest goes on, and the exit is 2", async () => {
  const lines = [
    JSON.stringify(echo(1, "hello")),
    "{not json",
    JSON.stringify({ ...echo(2, "hello"), limit: {} }),
    JSON.stringify({ id: 3, language: "klingon", code: "", tests: [{ stdout: "" }] }),
    JSON.stringify({ id: 4, language: "python", code: "" }),
    JSON.stringify(echo(5, "hello")),
  ];
  const { code, stdout } = await calque(["judge", "--batch"], { stdin: lines.join("\n") });
  assert.equal(code, 2);
  const answers = objects(stdout);
  assert.deepEqual(answers.map(({ id }) => id), [1, null, 2, 3, 4, 5]);
  const errors = answers.map(({ error }) => error as { code: string; message: string } | undefined);
  assert.equal(errors[1]!.code, "bad-json");
  assert.deepEqual([errors[2]!.code, errors[2]!.message.slice(0, 12)], [
    "unknown-key",
    'key "limit":',
  ]);
  assert.match(errors[3]!.message, /^key "language": expected .*python/);
  assert.match(errors[4]!.message, /exactly one of "tests", "cases" and "test_program"/);
  assert.deepEqual([answers[0]!["verdict"], answers[5]!["verdict"]], ["pass", "pass"]);
});

Deno.test("integers beyond 2^53 keep every digit through the batch", async () => {
  const stdin =
    '{"id":12345678901234567891,"language":"python","code":"def f(n):\\n  return n + 1",' +
    '"function":"f","cases":[{"arguments":[12345678901234567890],"result":12345678901234567891}]}';
  const { code, stdout } = await calque(["judge", "--batch"], { stdin });
  assert.equal(code, 0);
  assert.match(stdout, /^\{"id":12345678901234567891,"verdict":"pass"/);
});

Deno.test("languages tell what can be judged here", async () => {
  const { code, stdout } = await calque(["languages", "--json"]);
  assert.equal(code, 0);
  const found: Record<string, unknown>[] = JSON.parse(stdout);
  const python = found.find(({ language }) => language === "python")!;
  assert.equal(python["available"], true);
  for (const key of ["language", "version", "available", "package", "hello_ms"]) {
    assert.ok(key in python, key);
  }
});
