import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chatOf, readChat } from "./chat.ts";

const chatml = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n" +
  "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

const messages = [
  { role: "user", content: "hello" },
  { role: "assistant", content: "world" },
  { role: "user", content: "again" },
  { role: "assistant", content: "there" },
];

Deno.test("what the assistant says is learnt, the rest of the conversation is not", () => {
  const turns = chatOf(chatml).turns(messages);
  assert.deepEqual(turns.map(({ learnt }) => learnt), [false, true, false, true]);
  assert.equal(turns[1]!.text, "world<|im_end|>\n");
  assert.equal(turns[2]!.text, "<|im_start|>user\nagain<|im_end|>\n<|im_start|>assistant\n");
  assert.deepEqual(chatOf(chatml).turns(messages.slice(0, 1)), [{
    text: "<|im_start|>user\nhello<|im_end|>\n",
    learnt: false,
  }]);
});

Deno.test("a prompt ends where the assistant is to speak", () => {
  assert.equal(
    chatOf(chatml).prompt(messages.slice(0, 1)),
    "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n",
  );
});

Deno.test("a template that goes back on what was said, or refuses, is an error", () => {
  const forgetful =
    "{% for m in messages %}{% if loop.last %}{{ m.content }}{% endif %}{% endfor %}";
  assert.throws(() => chatOf(forgetful).turns(messages), /changes what stands before message 2/);
  const strict = "{{ raise_exception('no conversation here') }}";
  assert.throws(() => chatOf(strict).turns(messages), /no conversation here/);
});

Deno.test("the template of a folder is found wherever it lies, with its tokens", async () => {
  const folder = mkdtempSync(join(tmpdir(), "calque-chat-"));
  try {
    assert.equal(await readChat(folder), undefined);
    const template =
      "{{ bos_token }}{% for m in messages %}[{{ m.content }}]{{ eos_token }}{% endfor %}";
    const tokens = { bos_token: { content: "<s>", lstrip: false }, eos_token: "</s>" };
    const write = (chat_template: unknown) =>
      writeFileSync(
        join(folder, "tokenizer_config.json"),
        JSON.stringify({ ...tokens, chat_template }),
      );
    const said = async () =>
      (await readChat(folder))!.turns(messages).map(({ text }) => text).join("");
    write(template);
    const whole = "<s>[hello]</s>[world]</s>[again]</s>[there]</s>";
    assert.equal(await said(), whole);
    write([{ name: "tool_use", template: "" }, { name: "default", template }]);
    assert.equal(await said(), whole);
    writeFileSync(join(folder, "chat_template.jinja"), "{{ messages | length }}{{ bos_token }}");
    await assert.rejects(said, /changes what stands before/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
