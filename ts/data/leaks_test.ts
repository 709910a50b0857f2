import assert from "node:assert/strict";
import { leaks } from "./leaks.ts";
import type { Program, Task } from "./schema.ts";
import { stats } from "./stats.ts";
import { drawTasks, printPrograms } from "./tasks/draw_tasks.ts";

const drawn = drawTasks({ seed: 3, families: 60, perFamily: 1 });
const tasks = drawn.map((d) => d.task);
const programs = printPrograms(drawn, ["python", "c"]);
const train = tasks.find((t) => t.split === "train") as Task;
const heldOut = tasks.find((t) => t.split === "held-out") as Task;
const kinds = (found: readonly { readonly kind: string }[]) => new Set(found.map((l) => l.kind));

Deno.test("generated tasks share no family, statement or program across the split", () => {
  const found = kinds(leaks(tasks, programs));
  for (const kind of ["family", "statement", "program", "language"]) {
    assert.ok(!found.has(kind), kind);
  }
});

Deno.test("every kind of planted leak is found", () => {
  const planted: Task = { ...train, id: "planted", split: "held-out" };
  assert.ok(kinds(leaks([...tasks, planted], programs)).has("family"));
  assert.ok(kinds(leaks([...tasks, planted], programs)).has("statement"));
  const code = programs.find((p) => p.task === train.id)?.code ?? "";
  const copy: Program = { task: heldOut.id, language: "python", code, verified: false };
  assert.ok(
    kinds(leaks(tasks, [...programs, { ...copy, code: code.replaceAll("  ", "\t") }])).has(
      "program",
    ),
  );
  const long = "x = 1\n".repeat(40);
  const near = leaks(tasks, [
    { ...copy, task: train.id, code: `${long}${code}` },
    { ...copy, code: `${long}${code}` + " " + "+ 1" },
  ], { similarity: 0.8 });
  assert.ok(kinds(near).has("near-program"));
  assert.ok(kinds(leaks(tasks, programs, { heldOutLanguages: ["c"] })).has("language"));
  assert.ok(!kinds(leaks(tasks, programs, { heldOutLanguages: ["lua"] })).has("language"));
});

Deno.test("stats count tasks, families and programs", () => {
  const counted = stats(tasks, programs);
  assert.deepEqual(counted["tasks"], { "held-out": 12, train: 48 });
  assert.deepEqual(counted["families"], {
    "held-out, new combination": 6,
    "held-out, new tree": 6,
    train: 48,
  });
  assert.deepEqual(counted["programs"], { c: 60, python: 60 });
  assert.deepEqual(counted["verified"], {});
});
