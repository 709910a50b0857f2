import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRecipe } from "./recipe/parse.ts";
import { assets, runAll, temporary } from "./tiny_fixture.ts";

Deno.test("on the way fewer problems are asked, and the weights that were best there are kept", async () => {
  const folder = temporary();
  try {
    const rows = join(folder, "rows.jsonl");
    writeFileSync(rows, JSON.stringify({ prompt: "<|lua|>", completion: "end<|end|>" }) + "\n");
    const { rollout } = JSON.parse(readFileSync(`${assets}/../recipes/quickstart.json`, "utf8"));
    const recipe = {
      method: "sft",
      model: `${assets}/seed`,
      data: { path: rows },
      // So coarse that no program is right from the first step on: that one stays the best.
      optimizer: { lr: 0.05, warmup: 0 },
      rollout: { ...rollout, tasks: `${assets}/tasks`, max_tokens: 8 },
    };
    const run = async (name: string, more: object) => {
      const file = join(folder, `${name}.json`);
      const out = join(folder, name);
      const events = await runAll(
        parseRecipe(JSON.stringify({ ...recipe, ...more }), file),
        out,
        false,
      );
      return { events, weights: readFileSync(join(out, "model/model.safetensors")) };
    };
    const { events, weights } = await run("long", {
      steps: 3,
      evaluate: { problems: 5, problems_during: 2, every: 1, select_on: ["lua"] },
    });
    const asked = events.flatMap((event) =>
      event.type === "evaluation"
        ? [[event.evaluation.when, event.evaluation.step, event.evaluation.samples] as const]
        : []
    );
    assert.deepEqual(
      asked.map(([when, step, samples]) => [when, step, samples.length]),
      [["before", 0, 5], ["during", 1, 2], ["during", 2, 2], ["during", 3, 2], ["after", 3, 5]]
        .flatMap((each) => [each, each]),
    );
    const [, , all] = asked[0]!;
    const [, , first] = asked[2]!;
    const names = (samples: typeof all) => samples.map(({ task, target }) => `${task} ${target}`);
    assert.deepEqual(names(first), names(all).slice(0, 2));
    assert.ok(weights.equals((await run("short", { steps: 1 })).weights));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("more problems on the way than in all are refused by name", () => {
  const recipe = JSON.parse(readFileSync(`${assets}/../recipes/quickstart.json`, "utf8"));
  recipe.evaluate.problems_during = 201;
  assert.throws(
    () => parseRecipe(JSON.stringify(recipe), "recipe.json"),
    /evaluate\.problems_during.* at most evaluate\.problems/,
  );
});
