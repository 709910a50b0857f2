import assert from "node:assert/strict";
import { Tokenizer, trainTokenizer } from "../wasm/mod.ts";
import { chatOf } from "./chat.ts";
import { countedTokens, nll, nllGradient, sequenceOf, type SftRow } from "./sequences.ts";

const tokenizer = Tokenizer.fromJSON(trainTokenizer({
  texts: ["hello world", "hello there"],
  vocabSize: 280,
  special: ["<|im_start|>", "<|im_end|>", "<|end|>"],
}));

const chat = chatOf(
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" +
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
);

const learnt = (row: SftRow, lossOn: "completion" | "all" = "completion"): string => {
  const { ids, mask } = sequenceOf(row, tokenizer, lossOn, chat);
  assert.equal(ids.length, mask.length);
  return tokenizer.decode(ids.filter((_, t) => mask[t] === 1));
};

Deno.test("of prompt and completion the completion counts, of a text everything", () => {
  const row = { prompt: "hello ", completion: "world<|end|>" };
  assert.equal(learnt(row), "world<|end|>");
  assert.equal(learnt(row, "all"), "hello world<|end|>");
  assert.equal(learnt({ text: "hello world" }), "hello world");
  assert.deepEqual(sequenceOf({ ids: [5, 6], mask: [0, 1] }, undefined, "all"), {
    ids: Uint32Array.of(5, 6),
    mask: Uint8Array.of(0, 1),
  });
});

Deno.test("of messages what the assistant says counts, its end included", () => {
  const messages = [
    { role: "user", content: "hello" },
    { role: "assistant", content: "world" },
    { role: "user", content: "again" },
    { role: "assistant", content: "there" },
  ];
  assert.equal(learnt({ messages }), "world<|im_end|>\nthere<|im_end|>\n");
  assert.ok(learnt({ messages }, "all").startsWith("<|im_start|>user\nhello<|im_end|>\n"));
});

Deno.test("the loss is a mean over the batch's tokens, and the first token never counts", () => {
  const batch = [
    { ids: Uint32Array.of(1, 2, 3), mask: Uint8Array.of(1, 1, 0) },
    { ids: Uint32Array.of(4, 5, 6), mask: Uint8Array.of(1, 1, 1) },
    { ids: Uint32Array.of(7), mask: Uint8Array.of(1) },
  ];
  assert.equal(countedTokens(batch), 3);
  const third = Math.fround(-1 / 3);
  assert.deepEqual(nllGradient(batch).map((row) => [...row]), [[0, third, 0], [0, third, third], [
    0,
  ]]);
  const logProbs = [[0, -1, -9], [0, -2, -3], [0]].map((row) => Float32Array.from(row));
  assert.equal(nll(batch, logProbs), 2);
});
