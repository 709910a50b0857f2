import assert from "node:assert/strict";
import { draw } from "../program/draw.ts";
import { interpret } from "../program/interpret.ts";
import { print } from "../program/print.ts";
import { misread, readingSlips } from "../program/slips.ts";
import { constructs, shape } from "../program/tree.ts";
import { Random } from "../random.ts";
import { drawTasks, printPrograms } from "./draw_tasks.ts";
import { noveltyOf, reservedPairs } from "./split.ts";

const options = { seed: 5, families: 200, perFamily: 2 } as const;
const drawn = drawTasks(options);

Deno.test("the same options give the same tasks; another seed gives others", () => {
  assert.deepEqual(drawTasks(options), drawn);
  assert.notDeepEqual(drawTasks({ ...options, seed: 6 }), drawn);
});

Deno.test("no family stands on both sides; half of the held-out ones are new combinations", () => {
  const sides = new Map<string, Set<string>>();
  for (const { tree, task } of drawn) {
    assert.ok(!sides.has(shape(tree)) || sides.get(shape(tree))?.has(task.split));
    sides.set(shape(tree), (sides.get(shape(tree)) ?? new Set()).add(task.split));
  }
  assert.equal(sides.size, 200);
  const heldOut = [...new Map(drawn.map((d) => [d.task.family, d.task])).values()]
    .filter((task) => task.split === "held-out");
  assert.equal(heldOut.length, 40);
  assert.equal(heldOut.filter((task) => task.novelty === "combination").length, 20);
});

Deno.test("no training tree holds a reserved pair, and each half of every pair occurs in training", () => {
  const inTraining = new Set<string>();
  for (const { tree, task } of drawn) {
    if (task.split !== "train") continue;
    const has = constructs(tree);
    for (const name of has) inTraining.add(name);
    for (const [a, b] of reservedPairs) assert.ok(!(has.has(a) && has.has(b)), shape(tree));
  }
  for (const name of reservedPairs.flat()) assert.ok(inTraining.has(name), name);
});

Deno.test("cases: 6 to 8, three distinct results, the empty list, negatives, right by the interpreter", () => {
  for (const { tree, task } of drawn) {
    const cases = task.cases ?? [];
    assert.ok(cases.length >= 6 && cases.length <= 8);
    assert.ok(new Set(cases.map((c) => c.result)).size >= 3);
    for (const c of cases) assert.equal(interpret(tree, c.arguments as number[]), c.result);
    if (tree.parameters.some((p) => p.type === "list<int>")) {
      assert.ok(cases.some((c) => Array.isArray(c.arguments[0]) && c.arguments[0].length === 0));
    }
  }
  const flat = JSON.stringify(drawn.map((d) => d.task.cases));
  assert.match(flat, /-\d/);
});

Deno.test("tests catch nearly every misreading that a program can have", () => {
  let caught = 0, all = 0;
  for (const { tree, task } of drawn) {
    for (const slip of readingSlips) {
      const wrong = misread(tree, slip);
      if (wrong === undefined) continue;
      all++;
      if ((task.cases ?? []).some((c) => interpret(wrong, c.arguments as number[]) !== c.result)) {
        caught++;
      }
    }
  }
  assert.ok(caught / all > 0.9, `${caught} of ${all}`);
});

Deno.test("programs come in the languages asked for, unverified until they have run", () => {
  const programs = printPrograms(drawn.slice(0, 3), ["lua", "c"]);
  assert.deepEqual(programs.map((p) => [p.language, p.verified]), [
    ["lua", false],
    ["c", false],
    ["lua", false],
    ["c", false],
    ["lua", false],
    ["c", false],
  ]);
});

Deno.test("planted slips change programs, and make none of the other side of the split", () => {
  const { task } = drawn[0]!;
  let [changed, all, crossing] = [0, 0, 0];
  for (let i = 0; crossing < 10; i++) {
    const tree = draw(new Random("slips").fork(i));
    const right = print(tree, "python");
    const other = readingSlips.flatMap((slip) => misread(tree, slip) ?? [])
      .filter((wrong) => noveltyOf(wrong) !== noveltyOf(tree));
    crossing += other.length;
    for (let k = 0; k < 5; k++) {
      const random = new Random("programs").fork(i, k);
      const [program] = printPrograms([{ tree, task }], ["python"], random);
      all++;
      if (program!.code !== right) changed++;
      for (const wrong of other) assert.notEqual(program!.code, print(wrong, "python"));
    }
  }
  assert.ok(changed > all / 4 && changed < 3 * all / 4, `${changed} of ${all}`);
});

Deno.test("the side of the split is a function of the tree alone", () => {
  for (const { tree, task } of drawn) {
    assert.equal(noveltyOf(tree) === undefined, task.split === "train");
  }
});
