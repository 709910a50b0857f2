import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assets, groupsFile, oorl, runAll, temporary } from "./tiny_fixture.ts";

/** The bundled tasks under another folder's name, with their ids dealt out anew. */
const renamedTasks = (folder: string): string => {
  const place = join(folder, "somebody-elses-data");
  mkdirSync(place);
  const rows = (name: string) =>
    readFileSync(`${assets}/tasks/${name}`, "utf8").trim().split("\n").map((l) => JSON.parse(l));
  const tasks = rows("tasks.jsonl");
  const ids = new Map<string, string>(
    tasks.map(({ id }, i) => [id, `x${(i * 7919) % tasks.length}`]),
  );
  const write = (name: string, of: readonly unknown[]) =>
    writeFileSync(join(place, name), of.map((row) => JSON.stringify(row) + "\n").join(""));
  write("tasks.jsonl", tasks.map((t) => ({ ...t, id: ids.get(t.id), family: `y${t.family}` })));
  write("programs.jsonl", rows("programs.jsonl").map((p) => ({ ...p, task: ids.get(p.task) })));
  return place;
};

Deno.test("no name matters: other folders and shuffled ids train the same bits", async () => {
  const folder = temporary();
  try {
    const short = { steps: 2, evaluate: { problems: 2 }, objective: { gepo: { per_step: 1 } } };
    await runAll(oorl(folder, short), join(folder, "a"), false);
    const other = join(folder, "other");
    mkdirSync(other);
    const renamed = {
      ...short,
      rollout: { tasks: renamedTasks(folder) },
      objective: { gepo: { per_step: 1, groups: groupsFile(other) } },
    };
    await runAll(oorl(other, renamed), join(folder, "b"), false);
    const weights = (run: string) => readFileSync(join(folder, run, "model/model.safetensors"));
    assert.ok(weights("a").equals(weights("b")), "bitwise");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("the model before training may be left unmeasured; it trains the same bits", async () => {
  const folder = temporary();
  try {
    const trained = async (name: string, before: boolean) => {
      const own = join(folder, name);
      mkdirSync(own);
      const evaluate = { problems: 2, before };
      const recipe = oorl(own, { steps: 1, evaluate, objective: { gepo: { per_step: 1 } } });
      const events = await runAll(recipe, join(own, "run"), false);
      return {
        measured: events.flatMap((e) => e.type === "evaluation" ? [e.evaluation.when] : []),
        weights: readFileSync(join(own, "run/model/model.safetensors")),
      };
    };
    const [all, half] = [await trained("all", true), await trained("half", false)];
    assert.deepEqual(all.measured, ["before", "before", "after", "after"]);
    assert.deepEqual(half.measured, ["after", "after"]);
    assert.ok(all.weights.equals(half.weights), "bitwise");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
