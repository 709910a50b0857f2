import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readRecipe } from "../ts/train/mod.ts";
import { parseOverride } from "../ts/train/mod.ts";
import { Effect } from "effect";
import { cellsOf, readExperiment, root } from "./experiment.ts";
import { interval, report, reportOf } from "./report.ts";

const names = readdirSync(join(root, "experiments"))
  .flatMap((file) => file.endsWith(".json") ? [file.slice(0, -".json".length)] : []);

for (const name of names) {
  Deno.test(`experiment ${name}: every arm is a recipe, and the page is made of the results`, async () => {
    const experiment = readExperiment(name);
    const cells = cellsOf(experiment);
    assert.ok(experiment.baseline in experiment.arms);
    assert.equal(new Set(cells.map(({ hash }) => hash)).size, cells.length);
    assert.ok(
      cells.every(({ changes }) => changes.every((change) => !change.includes("{" + "seed}"))),
    );
    const ends = { "greedy before": "0101", "sampled before": "0010", "greedy after": "1111" };
    const result = {
      experiment: name,
      arm: experiment.baseline,
      seed: 0,
      command: "",
      device: "none",
      seconds: 1,
    };
    const groups = Object.values(experiment.groups ?? { all: ["python"] }).flat();
    const made = reportOf(name, experiment, cells, [{
      ...result,
      passes: { ...ends, "sampled after": "1010", "sampled step 4": "1100" },
      targets: [groups[0]!, groups[0]!, groups[0]!, groups[0]!],
    }]);
    assert.match(made, /50\.0 \[0\.0, 100\.0\] \| 100\.0 \[100\.0, 100\.0\]/);
    assert.match(made, /\| 4: 50\.0 \|/);
    for (const { changes } of cells) {
      await Effect.runPromise(
        readRecipe(join(root, experiment.recipe), changes.map(parseOverride)),
      );
    }
    const page = join(root, "docs", "results", `${name}.md`);
    if (existsSync(page)) {
      assert.equal(readFileSync(page, "utf8"), report(name, experiment, cells));
    }
  });
}

Deno.test("an interval holds its mean, widens with the spread of seeds, and is certain of constants", () => {
  const all = Array.from({ length: 300 }, (_, i) => i % 2);
  const same = interval([all, all]);
  assert.equal(same.mean, 0.5);
  assert.ok(same.low > 0.4 && same.low < 0.5 && same.high > 0.5 && same.high < 0.6);
  const apart = interval([all.map(() => 0), all.map(() => 1)]);
  assert.deepEqual([apart.mean, apart.low, apart.high], [0.5, 0, 1]);
  assert.deepEqual(interval([[1, 1, 1]]), { mean: 1, low: 1, high: 1 });
});
