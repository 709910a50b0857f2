import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { calque, root } from "./calque.ts";

for (const name of readdirSync(join(root, "recipes/paper"))) {
  Deno.test(`recipes/paper/${name} is planned from the model's configuration alone`, async () => {
    const recipe = join(root, "recipes/paper", name);
    const json = await calque(["train", recipe, "--plan", "--json"]);
    assert.equal(json.code, 0, json.stderr);
    const plan = JSON.parse(json.stdout);
    assert.equal(plan.seconds, null);
    const { weights } = plan.stages[0].memory.parts;
    // Eight billion weights of four bytes, less the GiB's 7 %.
    assert.ok(weights > 29 * 2 ** 30 && weights < 33 * 2 ** 30, `${weights} bytes of weights`);
    assert.ok(plan.memory_bytes > weights && plan.disk_bytes > 0);
    const table = await calque(["train", recipe, "--plan"]);
    assert.match(
      table.stdout,
      /no estimate of the time: .*expected a (tokenizer\.json|readable JSONL file)/,
    );
    const wrong = await calque(["train", recipe, "--plan", "--set", "optimizer.lr=-1"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /optimizer\.lr/);
  });
}
