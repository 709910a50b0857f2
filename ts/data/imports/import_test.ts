import assert from "node:assert/strict";
import fc from "fast-check";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { sharedFolder } from "../../shared.ts";
import { DataError } from "../jsonl.ts";
import { importFiles, importFormats, type ImportOptions } from "./import.ts";

const imported = async (text: string, options: ImportOptions, name = "rows.jsonl") => {
  const folder = await mkdtemp(join(tmpdir(), "calque-import-"));
  try {
    const file = join(folder, name);
    await writeFile(file, name.endsWith(".gz") ? gzipSync(text) : text);
    return await importFiles([file], options);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const record = {
  task_id: "MBPP/7",
  language: "python",
  entry_point: "twice",
  description: "Double it.",
  prompt: "def twice(x):\n",
  canonical_solution: "  return 2 * x\n",
  test: "def check(candidate):\n    assert candidate(2) == 4\n",
};

Deno.test("mbxp: one number is one task with a test program for each language", async () => {
  const rows = [
    record,
    { ...record, task_id: "MBPHP/7", language: "php", prompt: "<?php\nfunction twice($x) {\n" },
    {
      ...record,
      task_id: "MBPLP/8",
      language: "perl",
      canonical_solution: null,
      test: "use Data::Compare;",
    },
  ];
  const { tasks, programs } = await imported(
    rows.map((row) => JSON.stringify(row)).join("\n"),
    { format: "mbxp" },
    "rows.jsonl.gz",
  );
  assert.deepEqual(tasks.map((t) => [t.id, Object.keys(t.test_program ?? {})]), [
    ["mbxp-7", ["python", "php"]],
    ["mbxp-8", ["perl"]],
  ]);
  assert.match(tasks[0]?.test_program?.["python"] ?? "", /check\(twice\)/);
  assert.match(tasks[1]?.test_program?.["perl"] ?? "", /^sub Compare/);
  assert.deepEqual(programs.map((p) => p.code.slice(0, 12)), ["def twice(x)", "function twi"]);
});

const jsonl = { format: "jsonl", licence: "CC0-1.0" } as const;

Deno.test("jsonl: columns are mapped by name; a wrong key or column is named", async () => {
  const row = JSON.stringify({ nr: "a", text: "Say hi.", io: [{ stdout: "hi" }] });
  const { tasks } = await imported(row, {
    format: "jsonl",
    map: { id: "nr", statement: "text", tests: "io" },
    licence: "CC0-1.0",
  });
  assert.deepEqual(tasks[0]?.tests, [{ stdout: "hi" }]);
  await assert.rejects(imported(row, { ...jsonl, map: { ident: "nr" } }), /--map ident/);
  await assert.rejects(imported(row, jsonl), /rows\.jsonl:1: key "id": is missing/);
  await assert.rejects(
    imported(JSON.stringify({ id: "a", tests: [{ stdout: 3 }] }), jsonl),
    /key "tests\.0\.stdout": expected string/,
  );
});

Deno.test("humaneval-x is never training data", async () => {
  await assert.rejects(
    imported("", { format: "humaneval-x", split: "train" }),
    /held-out, never train/,
  );
  await assert.rejects(
    imported("", { format: "humaneval-x", holdOut: 0.5 }),
    /held-out, never train/,
  );
});

Deno.test("a share is held out by the problem's name: whatever else is imported, it stays on its side", async () => {
  const rows = Array.from({ length: 1000 }, (_, i) => ({
    ...record,
    task_id: `MBPP/${i}`,
    description: `Multiply by ${i}.`,
    canonical_solution: `  return ${i} * x\n`,
  }));
  const sides = async (from: number, holdOut: number) => {
    const text = rows.slice(from).map((row) => JSON.stringify(row)).join("\n");
    const { tasks } = await imported(text, { format: "mbxp", holdOut });
    return new Map(tasks.map(({ id, split }) => [id, split]));
  };
  const [all, last] = [await sides(0, 0.2), await sides(900, 0.2)];
  const held = [...all.values()].filter((split) => split === "held-out").length;
  assert.ok(held > 150 && held < 250, `${held} of 1000`);
  for (const [id, split] of last) assert.equal(split, all.get(id));

  // The same problem a second time: where the two would part, both are for training.
  rows.push(...rows.map((row, i) => ({ ...row, task_id: `MBPP/${1000 + i}` })));
  const twice = await sides(0, 0.2);
  for (let i = 0; i < 1000; i++) {
    assert.equal(twice.get(`mbxp-${i}`), twice.get(`mbxp-${1000 + i}`));
  }
  assert.ok([...twice.values()].includes("held-out"));
  await assert.rejects(
    imported("", { format: "mbxp", split: "train", holdOut: 0.2 }),
    /both say the side/,
  );
  await assert.rejects(sides(0, 1), /1 of the problems to hold out: expected a share/);
});

Deno.test("foreign text of any kind gives tasks or a DataError", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...importFormats),
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.dictionary(fc.constantFrom(...columns), fc.oneof(fc.jsonValue(), fc.json(), fc.string()))
          .map((o) => JSON.stringify(o)),
      ),
      async (format, text) => {
        try {
          const { tasks } = await imported(text, { format, licence: "any" });
          assert.ok(Array.isArray(tasks));
        } catch (error) {
          assert.ok(error instanceof DataError, String(error));
        }
      },
    ),
    { numRuns: 400, seed: 1 },
  );
});

/** Every column that an importer looks at. */
const columns = [
  ...Object.keys(record),
  ...["id", "name", "prompt", "tests", "cases", "slug", "statement", "canonical", "examples"],
  ...["official_tests", "description", "question", "input_output", "solutions", "problem_id"],
  ...["verification_info", "gold_standard_solution", "Source_Code", "IR_Original", "declaration"],
];

const shared = sharedFolder("data");
Deno.test({
  name: "the real sets import, one task for all languages",
  ignore: shared === undefined,
  fn: async () => {
    const mbxp = await importFiles(
      ["python", "javascript", "php"].map((l) => `${shared}/mbxp/${l}.jsonl.gz`),
      { format: "mbxp" },
    );
    assert.ok(mbxp.tasks.length > 700);
    assert.ok(mbxp.tasks.some((t) => Object.keys(t.test_program ?? {}).length === 3));
    const humaneval = await importFiles(
      ["python", "js", "cpp", "java", "go", "rust"].map((l) =>
        `${shared}/humaneval-x/${l}.jsonl.gz`
      ),
      { format: "humaneval-x" },
    );
    assert.equal(humaneval.tasks.length, 28);
    assert.equal(humaneval.programs.length, 6 * 28);
    assert.ok(humaneval.tasks.every((t) => t.split === "held-out"));
    // What the prompt alone gives to be called.
    const cyclic = humaneval.programs.find((p) =>
      p.task === "humaneval-x-38" && p.language === "go"
    );
    assert.match(cyclic?.code ?? "", /^func EncodeCyclic\(/m);
  },
});
