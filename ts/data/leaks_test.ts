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
  for (
    const kind of ["family", "id-family", "statement", "program", "renamed-program", "language"]
  ) {
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
  // A program of a language that is held out, under the name of another.
  const c = programs.find((p) => p.task === heldOut.id && p.language === "c")!;
  const disguised = { ...c, task: train.id, language: "python" };
  const told = leaks(tasks, [c, disguised], { heldOutLanguages: ["c"] });
  assert.deepEqual(told.map(({ kind, what, train: of }) => [kind, what, of]), [
    ["language", "c, called python", train.id],
  ]);
});

const foreign = (id: string, split: Task["split"], statement: string): Task => ({
  ...train,
  id,
  family: id,
  split,
  statement,
  source: "a public set",
});

const words =
  "Given a list of numbers, return the largest difference between two neighbours of it; " +
  "the list holds at least two numbers, none of which is negative";

Deno.test("a problem under the ids of two sets, or in nearly the same words, is a leak", () => {
  const across = [
    foreign("mbxp-17", "train", "One way to say it."),
    foreign("multipl-e-mbpp-17", "held-out", "Another way."),
    foreign("HumanEvalPlus/3", "train", "Something."),
    foreign("humaneval-x-3", "held-out", "Something in other words."),
  ];
  const found = leaks(across, []);
  assert.deepEqual(found.map(({ kind, what }) => [kind, what]), [
    ["id-family", "MBPP 17"],
    ["id-family", "HumanEval 3"],
  ]);
  const [other, ...same] = [
    foreign("a", "held-out", "Say whether a word reads the same from behind as from before."),
    foreign("b", "train", `${words}.`),
    foreign("c", "held-out", `${words}, if it has any.`),
  ];
  assert.deepEqual(kinds(leaks(same, [])), new Set(["near-statement"]));
  assert.deepEqual(leaks([other!, same[0]!], []), []);
});

Deno.test("a program with other names is a leak; one with another operator is not", () => {
  const code = (name: string, operator: string): string =>
    `def ${name}(${name}s):\n  r = 0\n  for x in ${name}s:\n    if x > 2: r ${operator} x\n  return r`;
  const program = (task: Task, text: string): Program => (
    { task: task.id, language: "python", code: text, verified: false }
  );
  const both = (text: string) =>
    kinds(leaks([train, heldOut], [program(train, code("f", "+=")), program(heldOut, text)]));
  assert.ok(both(code("total", "+=")).has("renamed-program"));
  assert.ok(!both(code("total", "-=")).has("renamed-program"));
  // What is equal to the letter is told once.
  assert.deepEqual([...both(code("f", "+="))], ["program"]);
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
