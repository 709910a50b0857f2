import assert from "node:assert/strict";
import { Effect, Exit, Fiber, Schema } from "effect";
import fc from "fast-check";
import { makeTool, parseExact, stringifyExact, type Tool, UserError } from "../tools/mod.ts";
import { answerLine, linesOf } from "./batch.ts";

const Input = Schema.Struct({ text: Schema.String, times: Schema.optionalKey(Schema.Int) });
const repeat: Tool = makeTool({
  name: "repeat",
  input: Input,
  answer: ({ text, times }) =>
    text === "fail"
      ? Effect.fail(new UserError({ code: "bad-ir", message: "not this" }))
      : Effect.succeed(Array.from({ length: times ?? 1 }, (_, index) => ({ index, text }))),
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const answer = (line: string | Uint8Array) =>
  Effect.runPromise(answerLine(repeat, typeof line === "string" ? bytes(line) : line));

Deno.test("an answer carries its input's id, first", async () => {
  assert.deepEqual(await answer('{"text":"a","id":"x","times":2}'), [
    { id: "x", index: 0, text: "a" },
    { id: "x", index: 1, text: "a" },
  ]);
  assert.equal(Object.keys((await answer('{"text":"a","id":7}'))[0]!)[0], "id");
});

Deno.test("what is wrong with a line is said under its id", async () => {
  const cases: [string | Uint8Array, unknown, string, RegExp][] = [
    ["{", null, "bad-json", /one JSON object a line/],
    ["[1]", null, "bad-json", /expected a JSON object/],
    ["null", null, "bad-json", /expected a JSON object/],
    [Uint8Array.of(0x22, 0xff, 0x22), null, "bad-json", /UTF-8/],
    ['{"text":"a"}', null, "missing-key", /"id": is missing/],
    ['{"id":[1],"text":"a"}', [1], "bad-value", /string or a number/],
    ['{"id":1}', 1, "missing-key", /key "text": is missing/],
    ['{"id":1,"text":2}', 1, "bad-value", /key "text": expected string/],
    ['{"id":1,"text":"a","tims":2}', 1, "unknown-key", /key "tims": is not a known key/],
    ['{"id":1,"text":"fail"}', 1, "bad-ir", /not this/],
  ];
  for (const [line, id, code, message] of cases) {
    const [only, ...more] = await answer(line) as { id: unknown; error: UserError }[];
    assert.equal(more.length, 0);
    assert.deepEqual(only!.id, id);
    assert.equal(only!.error.code, code);
    assert.match(only!.error.message, message);
  }
});

Deno.test("no line, whatever is in it, breaks the batch", async () => {
  const anything = fc.oneof(
    fc.uint8Array(),
    fc.json().map(bytes),
    fc.record({ id: fc.jsonValue(), text: fc.jsonValue() }).map((v) => bytes(JSON.stringify(v))),
  );
  await fc.assert(fc.asyncProperty(anything, async (line) => {
    const exit = await Effect.runPromiseExit(answerLine(repeat, line));
    assert.ok(Exit.isSuccess(exit));
    assert.equal(exit.value.length, 1);
    assert.ok("id" in exit.value[0]!);
  }));
});

Deno.test("lines come out the same however the bytes are cut", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.string({ unit: fc.constantFrom("a", "ü", "\r", "x y") })),
    fc.array(fc.nat(), { maxLength: 8 }),
    async (texts, cuts) => {
      const whole = bytes(texts.join("\n"));
      const places = [...new Set([0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length])]
        .sort((a, b) => a - b);
      const chunks = places.slice(1).map((end, i) => whole.subarray(places[i], end));
      const lines: string[] = [];
      const source = async function* () {
        yield* chunks;
      };
      for await (const line of linesOf(source())) lines.push(new TextDecoder().decode(line));
      assert.deepEqual(lines, texts.join("\n").split("\n").filter((line) => line.trim() !== ""));
    },
  ));
});

Deno.test("a line is given out before the next one has come", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => release = resolve);
  const source = async function* () {
    yield bytes('{"id":1}\n');
    await gate;
    yield bytes('{"id":2}\n');
  };
  const lines = linesOf(source());
  const first = await lines.next();
  assert.equal(new TextDecoder().decode(first.value as Uint8Array), '{"id":1}');
  release();
  assert.equal((await lines.next()).done, false);
});

Deno.test("integers beyond 2^53 keep every digit", () => {
  fc.assert(fc.property(fc.bigInt(), (n) => {
    assert.equal(stringifyExact(parseExact(`{"a":[${n}]}`)), `{"a":[${n}]}`);
  }));
  assert.deepEqual(parseExact('[1.5, 1e3, "12345678901234567890"]'), [
    1.5,
    1000,
    "12345678901234567890",
  ]);
});

Deno.test("an interrupted answer interrupts the batch and is no error line", async () => {
  const stuck: Tool = { ...repeat, answer: () => Effect.never };
  const fiber = Effect.runFork(answerLine(stuck, bytes('{"id":1,"text":"a"}')));
  await Effect.runPromise(Fiber.interrupt(fiber));
  const exit = await Effect.runPromise(Fiber.await(fiber));
  assert.ok(Exit.isFailure(exit));
});
