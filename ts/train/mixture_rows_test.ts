import assert from "node:assert/strict";
import { Effect } from "effect";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPrograms, readTasks, writePrograms, writeTasks } from "../data/mod.ts";
import { rememberingJudge } from "../rollout/mod.ts";
import { Sandbox } from "../sandbox/mod.ts";
import { Tokenizer } from "../wasm/mod.ts";
import { readMixture } from "./mixture_rows.ts";
import { parseOverride } from "./recipe/override.ts";
import { readRecipe } from "./recipe/parse.ts";
import { assets } from "./tiny_fixture.ts";

const file = fileURLToPath(new URL("../../recipes/parallel-sft.json", import.meta.url));
const tokenizer = Tokenizer.fromJSON(readFileSync(`${assets}/seed/tokenizer.json`, "utf8"));

const arm = async (mixture: string, ...changes: string[]) => {
  const recipe = await Effect.runPromise(
    readRecipe(file, [`data.mixture=${mixture}`, ...changes].map(parseOverride)),
  );
  const { data, rollout, seed } = recipe.stages[0];
  const setting = {
    prompts: rollout!.prompts,
    stop: "<|end|>",
    seed,
    tokenizer,
    judge: rememberingJudge(),
    concurrency: 2,
  };
  const { sequences, examples } = await Effect.runPromise(
    Effect.provide(readMixture(data!, setting), Sandbox.layer()),
  );
  const languages: Record<string, { rows: number; tokens: number }> = {};
  if (mixture !== "parallel-packed") {
    examples.forEach(({ language }, i) => {
      const own = languages[language] ??= { rows: 0, tokens: 0 };
      own.rows++;
      own.tokens += sequences[i]!.ids.length;
    });
  }
  const texts = sequences.map(({ ids }) => tokenizer.decode(ids));
  return {
    languages,
    rows: texts,
    text: texts.join("\n"),
    questions: texts.slice(examples.length),
    recipe,
  };
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

Deno.test("packed, a task's programs stand in one row, the same tokens, in changing orders", async () => {
  const apart = await arm("parallel");
  const { rows } = await arm("parallel-packed");
  assert.equal(rows.length, apart.rows.length / 4);
  const tokens = (of: readonly string[]) => [...of.join("")].sort().join("");
  assert.equal(tokens(rows), tokens(apart.rows));
  const orders = rows.map((row) => {
    const [statement, ...others] = [...row.matchAll(/<\|task\|>(.*?)<\|(\w+)\|>/gs)];
    for (const [, again] of others) assert.equal(again, statement![1], "one task, one statement");
    return [statement!, ...others].map(([, , language]) => language).join();
  });
  assert.ok(new Set(orders).size > 12, `${new Set(orders).size} of 24 orders`);
  for (const order of orders) {
    assert.equal(order.split(",").sort().join(), "c,javascript,lua,python");
  }
});

Deno.test("a mixture takes programs that failed only where it is told to, and asks about them as they ran", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-mixture-"));
  try {
    const tasks = await Effect.runPromise(readTasks(`${assets}/tasks`));
    const programs = await Effect.runPromise(readPrograms(`${assets}/tasks`));
    const wrong = programs.map((program, i) =>
      i % 2 === 0 ? program : { ...program, code: "# nothing", verified: false }
    );
    await Effect.runPromise(writeTasks(folder, tasks));
    await Effect.runPromise(writePrograms(folder, wrong));
    const changes = [`data.path=${folder}`, "data.tasks=12", "data.verification=1"];
    await assert.rejects(arm("parallel", ...changes), /tasks have programs in all of/);
    const { questions, rows } = await arm("parallel", ...changes, "data.unverified=true");
    const failed = rows.slice(0, 48).filter((row) => row.includes("# nothing")).length;
    assert.ok(failed > 12 && failed < 36, `${failed} of 48`);
    const asked = questions.filter((question) => question.includes("# nothing"));
    assert.ok(asked.length >= failed, `${asked.length} questions`);
    for (const question of asked) assert.match(question, /no<\|end\|>$/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("a mixture also asks whether programs are right, and answers as they ran", async () => {
  const template = 'rollout.prompts.verification="<|task|>{statement}<|{target}|>{code}<|answer|>"';
  const { questions } = await arm("parallel", "data.tasks=12", "data.verification=0.5", template);
  const programs = await Effect.runPromise(readPrograms(`${assets}/tasks`));
  const right = new Set(programs.flatMap(({ verified, code }) => verified ? [code] : []));
  assert.ok(questions.length > 12 && questions.length < 36, `${questions.length} of 48`);
  const seen = { yes: 0, no: 0 };
  for (const question of questions) {
    const [, code, answer] = /<\|(?:python|javascript|lua|c)\|>(.*)<\|answer\|>(yes|no)<\|end\|>$/s
      .exec(question)!;
    seen[answer as "yes" | "no"]++;
    if (answer === "no") assert.ok(!right.has(code!), "a right program is said to be wrong");
  }
  assert.ok(seen.yes > 4 && seen.no > 4, JSON.stringify(seen));
});
