import assert from "node:assert/strict";
import fc from "fast-check";
import { Random, type Task } from "../data/mod.ts";
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
  prompts: { translation: "<{source}>{code}<{target}>", generation: "{statement}<{target}>" },
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
