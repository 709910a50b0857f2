import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withHub } from "../../ts/model/hub_fixture.ts";
import { calque, root } from "./calque.ts";

Deno.test("commands and recipes take a model by its name on a hub", () =>
  withHub(async ({ endpoint, cache }) => {
    const env = { CALQUE_HUB: endpoint, CALQUE_CACHE: cache };
    const stdin = JSON.stringify({ id: 1, ids: [5, 6, 7] }) + "\n";
    const fetched = await calque(["score", "--batch", "--model", "org/small"], { stdin, env });
    const local = await calque(["score", "--batch", "--model", "assets/seed"], { stdin });
    assert.equal(fetched.code, 0, fetched.stderr);
    assert.equal(fetched.stdout, local.stdout);
    assert.match(fetched.stderr, /\d+\/\d+ bytes of model\.safetensors/);
    const missing = await calque(["score", "--batch", "--model", "org/large"], { stdin, env });
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /org\/large.*HTTP 404/);

    const rows = join(cache, "rows.jsonl");
    await writeFile(rows, JSON.stringify({ prompt: "<|python|>", completion: "x<|end|>" }) + "\n");
    const recipe = join(cache, "recipe.json");
    const optimizer = { lr: 1e-3 };
    const data = { path: rows };
    await writeFile(
      recipe,
      JSON.stringify({ method: "sft", model: "org/small", steps: 1, optimizer, data }),
    );
    const run = await calque(["train", recipe, "--out", join(cache, "run")], { env });
    assert.equal(run.code, 0, run.stderr);
    // From here on the run knows its model by the folder.
    const resumed = await calque(["train", "--resume", join(cache, "run")], { env, cwd: root });
    assert.match(resumed.stderr, /the run is done/);
  }));
