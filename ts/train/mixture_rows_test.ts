import assert from "node:assert/strict";
import { Effect } from "effect";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Tokenizer } from "../wasm/mod.ts";
import { readMixture } from "./mixture_rows.ts";
import { parseOverride } from "./recipe/override.ts";
import { readRecipe } from "./recipe/parse.ts";
import { assets } from "./tiny_fixture.ts";

const file = fileURLToPath(new URL("../../recipes/parallel-sft.json", import.meta.url));
const tokenizer = Tokenizer.fromJSON(readFileSync(`${assets}/seed/tokenizer.json`, "utf8"));

const arm = async (mixture: string) => {
  const recipe = await Effect.runPromise(
    readRecipe(file, [parseOverride(`data.mixture=${mixture}`)]),
  );
  const { data, rollout, seed } = recipe.stages[0];
  const { sequences, examples } = await Effect.runPromise(
    readMixture(data!, rollout!.prompts, "<|end|>", seed, tokenizer),
  );
  const languages: Record<string, { rows: number; tokens: number }> = {};
  examples.forEach(({ language }, i) => {
    const own = languages[language] ??= { rows: 0, tokens: 0 };
    own.rows++;
    own.tokens += sequences[i]!.ids.length;
  });
  return { languages, text: sequences.map(({ ids }) => tokenizer.decode(ids)).join("\n"), recipe };
};

Deno.test("the bundled recipe's arms have equal tokens and language histograms, and leak no language", async () => {
  const parallel = await arm("parallel");
  const apart = await arm("non-parallel");
  assert.deepEqual(apart.languages, parallel.languages);
  assert.deepEqual(Object.keys(parallel.languages), ["python", "javascript", "lua", "c"]);
  const source = await arm("source-only");
  assert.deepEqual(Object.keys(source.languages), ["python"]);
  for (const { text, recipe } of [parallel, apart, source]) {
    for (const held of recipe.stages[0].data!.held_out_languages!) {
      assert.ok(!text.includes(`<|${held}|>`), `${held} is held out`);
    }
    // The stages after see the source alone.
    assert.deepEqual(recipe.stages.slice(1).map((s) => s.rollout!.targets), [["python"]]);
  }
});
