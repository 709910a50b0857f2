import assert from "node:assert/strict";
import { Effect } from "effect";
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { RecipeError } from "./error.ts";
import { formatSchema, schemaFile } from "./json_schema.ts";
import { type Json, merge, override, parseOverride } from "./override.ts";
import { formatRecipe, parseRecipe, readRecipe } from "./parse.ts";

const sft = {
  method: "sft",
  model: "m",
  steps: 3,
  optimizer: { lr: 1e-3 },
  data: { path: "rows.jsonl" },
};
const rollout = { tasks: "t", sources: ["python"], targets: ["lua", "c"] };
const rl = { method: "rl", model: "m", steps: 3, optimizer: { lr: 1e-3 }, rollout };

const faultOf = (json: unknown): string => {
  try {
    parseRecipe(JSON.stringify(json), "r.json");
  } catch (error) {
    assert.ok(error instanceof RecipeError);
    assert.ok(!error.message.includes("\n"), "one line");
    return error.message;
  }
  return "";
};

Deno.test("a fault is one line that names file, key and what was expected", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ ...sft, stepz: 1 }, 'r.json: key "stepz": is not a known key'],
    [{ ...sft, data: { path: "x", packin: true } }, 'key "data.packin": is not a known key'],
    [{ ...sft, steps: 1.5 }, 'key "steps": expected an integer'],
    [{ ...sft, steps: undefined }, 'key "steps": is missing'],
    [{ ...sft, method: "ppo" }, 'key "method": expected "sft" | "dpo" | "rl" | "gepo" | "oorl"'],
    [{ ...sft, optimizer: { lr: -1 } }, 'key "optimizer.lr": expected a value greater than 0'],
    [{ ...sft, data: undefined }, 'key "data": is missing; method "sft" needs it'],
    [{ ...sft, lora: { rank: 0, alpha: 1 } }, 'key "lora.rank": expected'],
    [{ ...rl, rollout: { ...rollout, sources: undefined } }, 'key "rollout.sources"'],
    [{ ...rl, rollout: { ...rollout, targets: ["python"] } }, 'key "rollout.targets"'],
    [{ ...rl, method: "oorl" }, 'key "objective.gepo": is missing; method "oorl" needs it'],
    [
      { ...rl, data: { path: "x", held_out_languages: ["c"] } },
      'key "rollout.targets": expected no',
    ],
    [{ ...sft, stages: [{}, { steps: 0 }] }, 'key "stages.1.steps": expected'],
    [[], "r.json: expected a JSON object"],
  ];
  for (const [json, expected] of cases) {
    assert.ok(faultOf(json).includes(expected), `${faultOf(json)}\nlacks ${expected}`);
  }
  assert.throws(() => parseRecipe("{", "r.json"), /r\.json: expected JSON/);
});

Deno.test("defaults are resolved, and a resolved recipe reads as itself", () => {
  for (const json of [sft, rl, { ...sft, stages: [{ steps: 1 }, { ...rl, steps: 4 }] }]) {
    const recipe = parseRecipe(JSON.stringify(json), "r.json");
    const again = parseRecipe(JSON.stringify(formatRecipe(recipe)), "r.json");
    assert.deepEqual(again, { ...recipe });
  }
  const [stage] = parseRecipe(JSON.stringify(rl), "r.json").stages;
  assert.equal(stage.batch.size, 256);
  assert.equal(stage.objective.normalise, "token");
});

Deno.test("stages are laid over the recipe, and their steps add up", () => {
  const recipe = parseRecipe(
    JSON.stringify({ ...sft, steps: undefined, stages: [{ steps: 2 }, { steps: 5, seed: 9 }] }),
    "r.json",
  );
  assert.equal(recipe.steps, 7);
  assert.deepEqual(recipe.stages.map(({ seed }) => seed), [0, 9]);
});

Deno.test("--set reaches any key, makes objects on the way and leaves the rest", () => {
  assert.deepEqual(parseOverride('rollout.targets=["python"]'), ["rollout.targets", ["python"]]);
  assert.deepEqual(parseOverride("name=quick=1"), ["name", "quick=1"]);
  assert.throws(() => parseOverride("steps"), /path\.to\.key=value/);
  assert.deepEqual(override({ a: { b: 1, c: 2 } }, "a.b", 3), { a: { b: 3, c: 2 } });
  assert.deepEqual(override({}, "a.b", 3), { a: { b: 3 } });
  assert.deepEqual(override({ s: [{ x: 1 }, { x: 2 }] }, "s.1.x", 5), { s: [{ x: 1 }, { x: 5 }] });
  assert.throws(() => override({ s: [] }, "s.0", 1), RecipeError);
  assert.throws(() => override({ a: 1 }, "a.b", 1), RecipeError);
});

Deno.test("overriding and merging any JSON either gives JSON or a RecipeError, never pollutes", () => {
  const json = fc.jsonValue() as fc.Arbitrary<Json>;
  fc.assert(fc.property(json, fc.string(), json, (base, path, value) => {
    try {
      JSON.stringify(override(base, path, value));
      parseRecipe(JSON.stringify(merge(base, value)), "r.json");
    } catch (error) {
      assert.ok(error instanceof RecipeError, String(error));
    }
    // deno-lint-ignore no-explicit-any -- looks for what must not be there
    assert.equal(({} as any).polluted, undefined);
  }));
  override({}, "__proto__.polluted", 1);
  // deno-lint-ignore no-explicit-any -- looks for what must not be there
  assert.equal(({} as any).polluted, undefined);
});

Deno.test("recipes/schema.json is what the code says", () => {
  assert.equal(
    readFileSync(schemaFile, "utf8"),
    formatSchema(),
    "run: deno run -A ts/train/recipe/write_schema.ts",
  );
});

Deno.test("every bundled recipe is read", async () => {
  const folder = fileURLToPath(new URL("../../../recipes", import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith(".json") && f !== "schema.json");
  assert.ok(files.length > 0);
  for (const file of files) {
    const recipe = await Effect.runPromise(readRecipe(`${folder}/${file}`));
    assert.ok(recipe.comment, `${file} has a comment of what it shows`);
  }
});
