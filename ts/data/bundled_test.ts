import { Effect } from "effect";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { corpusTable } from "./corpus/seed.ts";
import { readGroups, readPrograms, readTasks } from "./dataset.ts";
import { leaks } from "./leaks.ts";
import { generatorLanguages } from "./program/print.ts";
import { drawTasks, printPrograms } from "./tasks/draw_tasks.ts";

const folder = fileURLToPath(new URL("../../assets/tasks", import.meta.url));
const tasks = await Effect.runPromise(readTasks(folder));
const programs = await Effect.runPromise(readPrograms(folder));

Deno.test("the bundled tasks are what the generator draws: a change of it asks for a new seed model", () => {
  const drawn = drawTasks({ seed: 1, families: 1000, perFamily: 1 });
  assert.deepEqual(tasks, JSON.parse(JSON.stringify(drawn.map((d) => d.task))));
  assert.deepEqual(
    programs.map((p) => p.code),
    printPrograms(drawn, generatorLanguages).map((p) => p.code),
  );
});

Deno.test("every bundled program was run and passed, and nothing leaks across the split", () => {
  assert.ok(programs.every((p) => p.verified));
  assert.equal(tasks.filter((t) => t.split === "held-out").length, 200);
  assert.deepEqual(leaks(tasks, programs), []);
});

Deno.test("the bundled groups: enough, of known tasks on their own side, with as many losers of each tier", async () => {
  const groups = await Effect.runPromise(readGroups(`${folder}/../groups.jsonl`));
  const byId = new Map(tasks.map((t) => [t.id, t]));
  assert.ok(groups.filter((g) => g.split === "train").length >= 60);
  for (const group of groups) {
    assert.equal(byId.get(group.task ?? "")?.split, group.split, group.id);
    const irs = [...group.winners, ...group.losers].map((m) => m.ir);
    assert.equal(new Set(irs).size, irs.length, group.id);
    assert.ok(group.winners.length >= 2 && group.losers.length >= 2, group.id);
    for (const loser of group.losers) {
      if (loser.tier === "ill-formed") assert.equal(typeof loser.evidence, "string");
      else assert.equal((loser.evidence as { verdict?: unknown }).verdict, "refuted");
    }
    for (const tier of ["ill-formed", "edited", "other"]) {
      const own = group.losers.filter((loser) => loser.tier === tier).length;
      assert.equal(own * 3, group.losers.length, `${group.id}: a third of the losers are ${tier}`);
    }
  }
});

Deno.test("the model card tells the rates that the corpus is made with", async () => {
  const card = await readFile(`${folder}/../seed/README.md`, "utf8");
  assert.ok(card.includes(corpusTable()), "print corpusTable() into assets/seed/README.md");
});
