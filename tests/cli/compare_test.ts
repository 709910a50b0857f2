import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calque, root } from "./calque.ts";

/** A run's folder with what is compared of it: its recipe, and one sample a task before and after. */
const writeRun = async (
  folder: string,
  targets: readonly string[],
  after: Readonly<Record<string, readonly boolean[]>>,
): Promise<string> => {
  await mkdir(folder);
  const recipe = JSON.parse(await readFile(join(root, "recipes/quickstart.json"), "utf8"));
  recipe.rollout.targets = targets;
  await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
  const rows = ["before", "after"].flatMap((when) =>
    Object.entries(after).flatMap(([target, passes]) =>
      passes.map((ok, i) => ({
        ...{ step: when === "before" ? 0 : 12, when, temperature: 0, task: `t${i}`, family: "f" },
        ...{ source: "perl", target, index: 0, given: "", code: "" },
        verdict: when === "after" && ok ? "pass" : "wrong-answer",
      }))
    )
  );
  await writeFile(
    join(folder, "evaluations.jsonl"),
    rows.map((row) => JSON.stringify(row) + "\n").join(""),
  );
  return folder;
};

Deno.test("compare shows transfer, differences problem by problem, and where recipes differ", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-compare-"));
  try {
    const one = await writeRun(join(folder, "one"), ["lua"], {
      lua: [true, true, false],
      c: [true, false, false],
    });
    const two = await writeRun(join(folder, "two"), ["lua", "c"], {
      lua: [true, false, false],
      c: [true, true, true],
    });
    const compared = JSON.parse((await calque(["compare", one, two, "--json"])).stdout);
    const [first, second] = compared.transfer.rows;
    assert.deepEqual([first.trained, second.trained], [["lua"], ["lua", "c"]]);
    assert.ok(Math.abs(first.untrained.value - 1 / 3) < 1e-12);
    assert.equal(second.untrained, undefined);
    const [against] = compared.against_first;
    assert.equal(against.run, "two");
    assert.deepEqual([against.all.gained, against.all.lost, against.all.problems], [2, 1, 6]);
    assert.equal(compared.differences[0].key, "rollout.targets");

    const { stdout } = await calque(["compare", one, two]);
    assert.match(stdout, /^one +\+33\.3 .* \*\+66\.7 /m);
    assert.match(stdout, /^two against one, both after training, on 6 shared problems$/m);
    const hot = await calque(["compare", one, two, "--temperature", "1"]);
    assert.equal(hot.code, 2);
    assert.match(hot.stderr, /"one": no evaluation .* temperature 1; expected 0/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("report writes a page in one file, and the same as JSON beside it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-report-"));
  try {
    const run = await writeRun(join(folder, "one"), ["lua"], {
      lua: [true, false],
      c: [true, true],
    });
    const metrics = [1, 2].map((step) => JSON.stringify({ step, loss: 1 / step }) + "\n").join("");
    await writeFile(join(run, "metrics.jsonl"), metrics);
    const out = join(folder, "pages", "run.html");
    const { code, stderr } = await calque(["report", run, "--out", out]);
    assert.equal(code, 0, stderr);
    const page = await readFile(out, "utf8");
    assert.match(page, /<h2>Transfer<\/h2>[\s\S]*<svg[\s\S]*loss by step/);
    const beside = JSON.parse(await readFile(join(folder, "pages", "run.json"), "utf8"));
    assert.equal(beside.comparisons[0].after.length, 4);
    assert.equal(beside.transfer.rows[0].untrained.value, 1);
  } finally {
    await rm(folder, { recursive: true });
  }
});
