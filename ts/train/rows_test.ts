import { Effect } from "effect";
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "../wasm/mod.ts";
import { readSequences } from "./rows.ts";
import { assets, temporary } from "./tiny_fixture.ts";

Deno.test("rows of verification are rows of an answer to the filled template", async () => {
  const folder = temporary();
  try {
    const tokenizer = Tokenizer.fromJSON(readFileSync(`${assets}/seed/tokenizer.json`, "utf8"));
    const read = (rows: readonly object[]) => {
      const file = join(folder, "rows.jsonl");
      writeFileSync(file, rows.map((row) => JSON.stringify(row) + "\n").join(""));
      const verification = { template: "{statement}?{code}:", stop: "<|end|>" };
      return Effect.runPromise(
        readSequences(file, tokenizer, "completion", verification, undefined),
      );
    };
    const asked = await read([
      { prompt: "twice {code}", program: "n * 2", label: true },
      { prompt: "twice n", program: "n + 1", label: false },
    ]);
    const written = await read([
      { prompt: "twice {code}?n * 2:", completion: "yes<|end|>" },
      { prompt: "twice n?n + 1:", completion: "no<|end|>" },
    ]);
    assert.deepEqual(asked, written);
    await assert.rejects(read([{ prompt: "a", program: "b", label: "yes" }]), /rows\.jsonl:1/);
    tokenizer.free();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
