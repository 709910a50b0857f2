import assert from "node:assert/strict";
import { join } from "node:path";
import { readRecipe } from "../ts/train/mod.ts";
import { parseOverride } from "../ts/train/mod.ts";
import { Effect } from "effect";
import { cellsOf, readExperiment, root } from "./experiment.ts";
import { interval } from "./interval.ts";
import { experiments, stale } from "./page.ts";
import { armsPicture, driftPicture } from "./picture.ts";
import { section } from "./report.ts";

Deno.test("docs/results.md and its pictures are what the results make", () => {
  assert.deepEqual(stale(), [], "run `just experiment`");
});

for (const name of experiments) {
  Deno.test(`experiment ${name}: every arm is a recipe, and results become tables and pictures`, async () => {
    const experiment = readExperiment(name);
    const cells = cellsOf(experiment);
    assert.ok(experiment.baseline in experiment.arms);
    assert.equal(new Set(cells.map(({ hash }) => hash)).size, cells.length);
    assert.ok(
      cells.every(({ changes }) => changes.every((change) => !change.includes("{" + "seed}"))),
    );
    const ends = { "greedy before": "0101", "sampled before": "r01p", "greedy after": "1111" };
    const result = {
      experiment: name,
      arm: experiment.baseline,
      seed: 0,
      command: "",
      device: "none",
      seconds: 1,
    };
    const groups = Object.values(experiment.groups ?? { all: ["python"] }).flat();
    const results = [{
      ...result,
      outcomes: { ...ends, "sampled after": "1b10", "sampled step 4": "1100", verification: "10" },
      tasks: ["a", "b", "c", "d"],
      targets: [groups[0]!, groups[0]!, groups[0]!, groups[0]!],
    }];
    const made = section(name, experiment, cells.length, results);
    assert.match(made, /50\.0 \[0\.0, 100\.0\] \| 100\.0 \[100\.0, 100\.0\]/);
    assert.match(made, /\| 25\.0 to 0\.0 \| 25\.0 to 0\.0 \| 0\.0 to 25\.0 \| 25\.0 to 25\.0 \|/);
    assert.match(made, /\| 25\.0 \[0\.0, 75\.0\] \| 50\.0 \[0\.0, 100\.0\] \|\n/);
    assert.match(armsPicture(experiment, results, [groups[0]!]), /after: 50\.0 %/);
    assert.match(driftPicture(experiment, results)!, /<path stroke="#3b78c4" d="M44\.0 \S+L350\.0/);
    for (const { changes } of cells) {
      await Effect.runPromise(
        readRecipe(join(root, experiment.recipe), changes.map(parseOverride)),
      );
    }
  });
}

Deno.test("an interval holds its mean, widens with the spread of seeds, and is certain of constants", () => {
  const alone = (values: readonly number[]) => ({ values, tasks: values.map((_, i) => `${i}`) });
  const all = Array.from({ length: 300 }, (_, i) => i % 2);
  const same = interval([alone(all), alone(all)]);
  assert.equal(same.mean, 0.5);
  assert.ok(same.low > 0.4 && same.low < 0.5 && same.high > 0.5 && same.high < 0.6);
  const apart = interval([alone(all.map(() => 0)), alone(all.map(() => 1))]);
  assert.deepEqual([apart.mean, apart.low, apart.high], [0.5, 0, 1]);
  assert.deepEqual(interval([alone([1, 1, 1])]), { mean: 1, low: 1, high: 1 });
});

Deno.test("problems of one task are no independent draws", () => {
  const values = Array.from({ length: 400 }, (_, i) => i % 2);
  const width = (tasks: readonly string[]) => {
    const { low, high } = interval([{ values, tasks }]);
    return high - low;
  };
  const apart = width(values.map((_, i) => `${i}`));
  // Four problems each, all passed or all failed: as certain as a quarter of the problems.
  const together = width(values.map((value, i) => `${value} ${Math.floor(i / 8)}`));
  assert.ok(together > 1.7 * apart && together < 2.3 * apart, `${together} against ${apart}`);
});
