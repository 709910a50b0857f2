import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calque, conversation, objects } from "./calque.ts";

const double = "define i32 @src(i32 %x) {\n  %a = mul i32 %x, 2\n  ret i32 %a\n}\n";
const also = "define i32 @tgt(i32 %x) {\n  %a = shl i32 %x, 1\n  ret i32 %a\n}\n";
const other = "define i32 @tgt(i32 %x) {\n  %a = add i32 %x, 1\n  ret i32 %a\n}\n";

const withFiles = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-tools-"));
  try {
    await writeFile(join(folder, "src.ll"), double);
    await writeFile(join(folder, "same.ll"), also);
    await writeFile(join(folder, "other.ll"), other);
    await writeFile(join(folder, "both.ll"), double + also);
    await writeFile(join(folder, "text.txt"), "the cat and the hat and the bat\n".repeat(20));
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

Deno.test("check says its verdict with its exit code", () =>
  withFiles(async (folder) => {
    const ask = (...args: string[]) =>
      calque(["check", ...args.map((arg) => arg.endsWith(".ll") ? join(folder, arg) : arg)]);
    const proved = await ask("both.ll");
    assert.deepEqual([proved.code, proved.stderr], [0, ""]);
    assert.match(proved.stdout, /^proved: refines/);
    const refuted = await ask("src.ll", "other.ll", "--json");
    assert.equal(refuted.code, 1);
    const verdict = JSON.parse(refuted.stdout);
    assert.equal(verdict.verdict, "refuted");
    const { source, target, parts_at } = verdict.counterexample;
    assert.notDeepEqual(source, target);
    const printed = (await ask("src.ll", "other.ll")).stdout;
    for (const { line, instruction, value } of [parts_at.source, parts_at.target]) {
      assert.ok(printed.includes(`parts at line ${line}: ${instruction} gives ${value}`), printed);
    }
    assert.equal((await ask()).code, 2);
    const absent = await ask("absent.ll");
    assert.equal(absent.code, 2);
    assert.match(absent.stderr, /^error: .*absent\.ll/);
    await writeFile(join(folder, "none.ll"), "the cat\n");
    const none = await ask("src.ll", "none.ll");
    assert.deepEqual([none.code, none.stdout], [2, ""]);
    assert.match(none.stderr, /^error: .*src\.ll, .*none\.ll: line 1, column 1: target: expected/);
    const alone = await ask("src.ll");
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /^error: .*src\.ll: .*@tgt/);
  }));

Deno.test("check --batch answers a line before the next has come, and goes on after bad ones", async () => {
  const talk = conversation(["check", "--batch"]);
  talk.say({ id: "first", source: double + also });
  const first = await talk.hear();
  assert.deepEqual([first["id"], first["verdict"]], ["first", "proved"]);
  assert.equal(typeof first["ms"], "number");
  talk.say({ id: "bad", sourc: double });
  assert.equal(((await talk.hear())["error"] as { code: string }).code, "unknown-key");
  talk.say({ id: 3, source: double, target: other });
  assert.equal((await talk.hear())["verdict"], "refuted");
  assert.equal(await talk.end(), 2);
});

Deno.test("a batch whose every line was answered exits 0, whatever the answers", async () => {
  const lines = [{ id: 1, source: double, target: other }, { id: 2, source: "nonsense" }];
  const stdin = lines.map((line) => JSON.stringify(line)).join("\n");
  const { code, stdout } = await calque(["check", "--batch"], { stdin });
  assert.equal(code, 0);
  assert.deepEqual(objects(stdout).map((row) => [row["id"], row["verdict"]]), [
    [1, "refuted"],
    [2, "unknown"],
  ]);
});

Deno.test("an empty batch is answered with nothing", async () => {
  const { code, stdout, stderr } = await calque(["check", "--batch"], { stdin: "\n\n" });
  assert.deepEqual([code, stdout, stderr], [0, "", ""]);
});

Deno.test("a tokenizer is trained, encodes, counts and decodes", () =>
  withFiles(async (folder) => {
    const out = join(folder, "tokenizer.json");
    const text = join(folder, "text.txt");
    const args = ["--vocab-size", "270", "--special", "<|end|>", "--out", out, text];
    const trained = await calque(["tokenizer", "train", ...args]);
    assert.equal(trained.code, 0, trained.stderr);
    const shown = await calque(["tokenizer", "show", "--tokenizer", out]);
    assert.equal(JSON.parse(shown.stdout).vocab_size, 270);

    const lines = ["the hat<|end|>", "ü €", ""].map((text, id) => ({ id, text }));
    const stdin = lines.map((line) => JSON.stringify(line) + "\n").join("");
    const encoded = objects(
      (await calque(["tokenizer", "encode", "--tokenizer", folder, "--offsets", "--batch"], {
        stdin,
      }))
        .stdout,
    );
    const bytes = (text: string) => new TextEncoder().encode(text).length;
    encoded.forEach(({ id, ids, offsets }, i) => {
      assert.equal(id, i);
      assert.equal((ids as number[]).length, (offsets as number[][]).length);
      const end = (offsets as number[][]).at(-1)?.[1] ?? 0;
      assert.equal(end, bytes(lines[i]!.text));
    });
    const decoded = objects(
      (await calque(["tokenizer", "decode", "--tokenizer", out, "--batch"], {
        stdin: encoded.map(({ id, ids }) => JSON.stringify({ id, ids }) + "\n").join(""),
      })).stdout,
    );
    assert.deepEqual(decoded.map((row) => row["text"]), lines.map((line) => line.text));
    const count = await calque(["tokenizer", "count", "--tokenizer", out, text]);
    assert.match(count.stdout, /^\d+\n$/);
    const skipped = await calque(["tokenizer", "decode", "--tokenizer", out, "--batch"], {
      stdin: JSON.stringify({ id: 0, ids: encoded[0]!["ids"], skip_special: true }),
    });
    assert.equal(objects(skipped.stdout)[0]!["text"], "the hat");
  }));

Deno.test("a file that is no tokenizer is named", () =>
  withFiles(async (folder) => {
    for (const file of ["text.txt", "absent.json"]) {
      const { code, stderr } = await calque([
        "tokenizer",
        "show",
        "--tokenizer",
        join(folder, file),
      ]);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`^error: .*${file}.*\n$`));
    }
  }));
