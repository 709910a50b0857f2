import assert from "node:assert/strict";
import fc from "fast-check";
import { Random, type Task } from "../data/mod.ts";
import { looksLikeTable } from "./audit.ts";
import { editOnce } from "./edit.ts";
import { extract } from "./extract.ts";
import { Problems } from "./problem.ts";
import { render } from "./prompt.ts";

const task = (id: string, more: Partial<Task> = {}): Task => ({
  id,
  family: id,
  statement: `do ${id}`,
  signature: { name: "f", parameters: [], result: "int" },
  cases: [{ arguments: [], result: 1 }],
  split: "train",
  source: "test",
  licence: "Apache-2.0",
  ...more,
});

const kind = {
  kind: "translation",
  sources: ["python", "lua"],
  targets: ["python", "lua", "c"],
  prompts: {
    translation: "<{source}>{code}<{target}>",
    generation: "{statement}<{target}>",
    verification: "{statement}|{code}|",
  },
} as const;

const programs = [
  { task: "a", language: "python", code: "pa", verified: true },
  { task: "a", language: "lua", code: "la", verified: true },
  { task: "b", language: "lua", code: "lb", verified: true },
  { task: "c", language: "lua", code: "lc", verified: false },
];

Deno.test("templates are filled once: braces in code stay as they are", () => {
  assert.equal(render("<{a}>{b}{c}", { a: "{b}", b: "$&{a}" }), "<{b}>$&{a}{c}");
  fc.assert(fc.property(fc.string(), (code) => render("{code}", { code }) === code));
});

Deno.test("raw takes all, fenced the first closed block and nothing else", () => {
  assert.equal(extract("x = 1\n", "raw"), "x = 1\n");
  assert.equal(extract("Here:\n```python\nx = 1\n```\n```\ny\n```\n", "fenced"), "x = 1\n");
  assert.equal(extract("~~~~\n```\n~~~~", "fenced"), "```\n");
  assert.equal(extract("```python\nx = 1\n", "fenced"), "");
  assert.equal(extract("x = 1", "fenced"), "");
  fc.assert(fc.property(fc.string(), fc.string(), (before, code) => {
    fc.pre(!/[`~]/.test(before + code));
    assert.equal(extract(`${before}\n\`\`\`c\n${code}\n\`\`\``, "fenced"), `${code}\n`);
  }));
});

Deno.test("only verified programs are given, never into their own language, and only what fits", () => {
  const tasks = ["a", "b", "c"].map((id) => task(id));
  const problems = new Problems(tasks, programs, kind);
  assert.deepEqual(problems.tasks.map(({ id }) => id), ["a", "b"]);
  assert.deepEqual(problems.pairs(tasks[0]!), [
    ["python", "lua"],
    ["python", "c"],
    ["lua", "python"],
    ["lua", "c"],
  ]);
  assert.equal(problems.ask(tasks[1]!, ["lua", "c"]).prompt, "<lua>lb<c>");
  const short = new Problems(tasks, programs, kind, (prompt) => !prompt.includes("lb"));
  assert.deepEqual(short.tasks.map(({ id }) => id), ["a"]);
  const { cases: _, ...bare } = task("a");
  const tested = { ...bare, test_program: { c: "assert" } };
  assert.deepEqual(new Problems([tested], programs, kind).pairs(tested), [
    ["python", "c"],
    ["lua", "c"],
  ]);
  const prose = new Problems(tasks, [], { ...kind, kind: "generation" });
  assert.equal(prose.ask(tasks[2]!, ["statement", "c"]).prompt, "do c<c>");
});

Deno.test("evaluation asks every pair equally often, and training draws by its random numbers alone", () => {
  const many = Array.from({ length: 12 }, (_, i) => task(`t${i}`));
  const all = many.flatMap(({ id }) =>
    ["python", "lua"].map((language) => ({ task: id, language, code: "x", verified: true }))
  );
  const problems = new Problems(many, all, kind);
  const spread = problems.spread(24);
  const counts = new Map<string, number>();
  for (const { source, target } of spread) {
    counts.set(`${source} ${target}`, (counts.get(`${source} ${target}`) ?? 0) + 1);
  }
  assert.deepEqual([...counts.values()], [6, 6, 6, 6]);
  assert.equal(new Set(spread.slice(0, 12).map((p) => p.task.id)).size, 12);
  assert.equal(new Set(spread.map((p) => `${p.task.id} ${p.source} ${p.target}`)).size, 24);
  const draw = () => problems.draw([3, 3, 5], new Random(7)).map((p) => p.prompt);
  assert.deepEqual(draw(), draw());
});

Deno.test("verification asks about a right, a failed or an edited program, in about equal halves", () => {
  const code = "def f(n):\n  return n + 12 if n < 3 else 0";
  const rows = [
    { task: "a", language: "python", code, verified: true },
    { task: "b", language: "python", code, verified: true },
    { task: "b", language: "python", code: "def f(n): return 7", verified: false },
    { task: "c", language: "python", code: "pass", verified: false },
  ];
  const tasks = ["a", "b", "c"].map((id) => task(id));
  const problems = new Problems(tasks, rows, { ...kind, kind: "verification" });
  assert.deepEqual(problems.tasks.map(({ id }) => id), ["a", "b"], "one right program is needed");
  const drawn = Array.from({ length: 100 }, (_, i) => problems.draw([0, 1], new Random(i))).flat();
  for (const { task: { id }, target, suspect, prompt } of drawn) {
    assert.equal(target, "python");
    assert.equal(prompt, `do ${id}|${suspect}|`);
    if (suspect !== code && id === "b") assert.equal(suspect, "def f(n): return 7");
  }
  const right = drawn.filter(({ suspect }) => suspect === code).length;
  assert.ok(right > 70 && right < 130, `${right} of 200`);
  const edits = new Set(drawn.filter(({ task }) => task.id === "a").map(({ suspect }) => suspect));
  assert.ok(edits.size > 4);
  assert.deepEqual(problems.draw([0, 1], new Random(5)), problems.draw([0, 1], new Random(5)));
});

Deno.test("one edit changes one operator or number, and nothing where there is none", () => {
  const random = new Random("edit");
  assert.equal(editOnce("local x = y", random), undefined);
  for (let i = 0; i < 50; i++) {
    const edited = editOnce("if (a <= 2) r += b * 10;", random)!;
    const [x, y] = ["if (a <= 2) r += b * 10;", edited].map((code) => code.split(" "));
    assert.equal(x!.filter((word, k) => word !== y![k]).length, 1, edited);
  }
});

Deno.test("a table of answers is told from a program, whatever the language and the signs", () => {
  const answering = (...results: readonly (number | string)[]) =>
    results.map((result, n) => ({ arguments: [n], result })) as unknown as NonNullable<
      Task["cases"]
    >;
  const asked = task("a", { cases: answering(12, -75, 1, 31, 88) });
  const given = "def f(n): return 88 - n";
  const table = "function f(n)\n  return ({12, -75, 1, 31, 88})[n]\nend";
  assert.ok(looksLikeTable(asked, given, table));
  assert.ok(!looksLikeTable(asked, table, table), "the source held them already");
  assert.ok(!looksLikeTable(asked, given, "function f(n) return n * 12 - 75 end"));
  assert.ok(
    looksLikeTable(
      task("b", { cases: answering("ab", "cd", "ef") }),
      "",
      `return ["ab", 'cd', "ef"][n]`,
    ),
  );
  assert.ok(!looksLikeTable(task("c", { test_program: {} }), given, table));
});
