/** Rows shaped as the public sets have them, written here. */
import { Effect } from "effect";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Sandbox } from "../../sandbox/mod.ts";
import { sharedFolder } from "../../shared.ts";
import { definedPrograms } from "../groups/defined.ts";
import { groups } from "../groups/groups.ts";
import { findToolchain } from "../groups/toolchain.ts";
import { verify } from "../verify.ts";
import { importFiles, type ImportOptions } from "./import.ts";
import { licenceOf } from "./licences.ts";

/** Imports files of a folder that is written for it. */
const imported = async (
  files: Readonly<Record<string, unknown>>,
  options: ImportOptions,
  paths: readonly string[] = Object.keys(files),
) => {
  const folder = await mkdtemp(join(tmpdir(), "calque-sets-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      const lines = Array.isArray(content)
        ? content.map((row) => JSON.stringify(row)).join("\n")
        : typeof content === "string"
        ? content
        : JSON.stringify(content);
      await writeFile(join(folder, name), lines);
    }
    return await importFiles(paths.map((path) => join(folder, path)), options);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const judged = async ({ tasks, programs }: Awaited<ReturnType<typeof imported>>) =>
  (await Effect.runPromise(verify(tasks, programs).pipe(Effect.provide(Sandbox.layer()))))
    .map(({ program, judgement }) => [program.task, program.language, judgement.verdict]);

Deno.test("APPS: standard input and functions; the set's programs pass in the sandbox", async () => {
  const set = await imported({
    "apps.jsonl": [
      {
        problem_id: 7,
        question: "Print the sum of two integers.",
        solutions: JSON.stringify(["a, b = map(int, input().split())\nprint(a + b)", "print(0)"]),
        input_output: JSON.stringify({ inputs: ["1 2\n", ["3 4"]], outputs: ["3\n", ["7"]] }),
        difficulty: "introductory",
        url: "",
        starter_code: "",
      },
      {
        problem_id: 8,
        question: "Double a number.",
        solutions: JSON.stringify(["def twice(x):\n    return 2 * x"]),
        input_output: JSON.stringify({ fn_name: "twice", inputs: [[2], [0]], outputs: [[4], [0]] }),
        starter_code: "def twice(x):\n\t",
      },
      { problem_id: 9, question: "A method.", starter_code: "class Solution:\n def f(self):" },
      { problem_id: 10, question: "No tests.", solutions: "", input_output: "" },
    ],
  }, { format: "apps" });
  assert.deepEqual(set.tasks.map(({ id, licence }) => [id, licence]), [
    ["apps-7", "MIT"],
    ["apps-8", "MIT"],
  ]);
  assert.deepEqual(set.tasks[1]!.cases![0], { arguments: [2], result: 4 });
  assert.deepEqual(await judged(set), [
    ["apps-7", "python", "pass"],
    ["apps-7", "python", "wrong-answer"],
    ["apps-8", "python", "pass"],
  ]);
});

Deno.test("SYNTHETIC-1: both kinds of tests, fenced solutions, the family of its origin", async () => {
  const row = {
    source: "apps",
    task_type: "verifiable_code",
    in_source_id: "apps-7",
    prompt: "Print the sum.",
    gold_standard_solution: "```python\nprint(sum(map(int, input().split())))\n```",
  };
  const set = await imported({
    "s1.jsonl": [
      {
        ...row,
        problem_id: "vfc_1",
        verification_info: JSON.stringify({
          language: "python",
          test_cases: [{ type: "stdin_stdout", input: "1 2\n", output: "3\n" }],
        }),
      },
      {
        ...row,
        problem_id: "vfc_2",
        in_source_id: null,
        gold_standard_solution: "",
        verification_info: {
          test_cases: [{ type: "function_call", fn_name: "f", input: [[1, 2], "a"], output: true }],
        },
      },
      { ...row, problem_id: "math_1", verification_info: JSON.stringify({ ground_truth: "4" }) },
    ],
  }, { format: "synthetic-1" });
  assert.deepEqual(set.tasks.map(({ id, family }) => [id, family]), [
    ["synthetic-1-vfc_1", "apps-7"],
    ["synthetic-1-vfc_2", "synthetic-1-vfc_2"],
  ]);
  assert.deepEqual(set.tasks[1]!.signature, {
    name: "f",
    parameters: [{ name: "x1", type: "list<int>" }, { name: "x2", type: "string" }],
    result: "bool",
  });
  assert.deepEqual(await judged(set), [["synthetic-1-vfc_1", "python", "pass"]]);
});

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

Deno.test("Codeforces in Parquet of another library: nested columns, whatever the compression", async () => {
  for (const packed of ["snappy", "zstd", "gzip"]) {
    const { tasks } = await importFiles([fixture(`codeforces.${packed}.parquet`)], {
      format: "codeforces",
    });
    // The second problem is interactive; the test that the site cut off is left out.
    assert.deepEqual(tasks.map(({ id, tests }) => [id, tests]), [["codeforces-1-A", [
      { stdin: "1 2\n", stdout: "3\n" },
      { stdin: "4 5\n", stdout: "9\n" },
    ]]], packed);
    assert.equal(tasks[0]!.statement, "Print the sum.\n\nInput\nTwo integers.\n\nOutput\nOne.");
  }
});

Deno.test("a broken Parquet file is named; one with a mapping is any other set", async () => {
  const whole = await readFile(fixture("codeforces.snappy.parquet"));
  const folder = await mkdtemp(join(tmpdir(), "calque-sets-"));
  try {
    for (const length of [5, 100, whole.length - 9]) {
      await writeFile(join(folder, "cut.parquet"), whole.subarray(0, length));
      const cut = importFiles([folder], { format: "jsonl", licence: "any" });
      await assert.rejects(cut, /cut\.parquet.*expected a whole Parquet file/);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const map = { statement: "description", tests: "none", cases: "none", test_program: "none" };
  const mapped = importFiles([fixture("codeforces.zstd.parquet")], {
    format: "jsonl",
    licence: "any",
    map,
  });
  // Mapped as told, and then found wanting: it has no tests.
  await assert.rejects(mapped, /codeforces\.zstd\.parquet:1: .*exactly one of/);
});

Deno.test("MultiPL-E: whole programs meet its tests; never for training", async () => {
  const rows = [
    {
      name: "HumanEval_23_strlen",
      language: "js",
      prompt: "//Return length of given string\nfunction strlen(string){\n",
      doctests: "transform",
      tests: "const assert = require('node:assert');\n\n" +
        "function test() {\n  let candidate = strlen;\n  assert.deepEqual(candidate('abc'), 3);\n}\n\ntest();",
    },
    {
      name: "HumanEval_23_strlen",
      language: "cpp",
      prompt:
        "#include<assert.h>\n#include<bits/stdc++.h>\n// Return length of given string\nlong f(std::string string) {\n",
      tests: '}\nint main() {\n  auto candidate = f;\n  assert(candidate("abc") == 3);\n}\n',
    },
    {
      name: "mbpp_5_sum",
      language: "java",
      prompt:
        "import java.util.*;\nclass Problem {\n    // Add.\n    public static long sum(long a) {\n",
      tests:
        "    }\n    public static void main(String[] args) {\n    assert(sum(1) == 1);\n    }\n\n}\n",
    },
  ];
  const set = await imported({ "rows.jsonl": rows }, { format: "multipl-e" });
  assert.deepEqual(set.tasks.map(({ id, family, split }) => [id, family, split]), [
    ["multipl-e-humaneval-23", "humaneval-23", "held-out"],
    ["multipl-e-mbpp-5", "mbpp-5", "held-out"],
  ]);
  assert.equal(set.tasks[0]!.statement, "Return length of given string");
  assert.match(set.tasks[1]!.test_program!["java"]!, /^import.*\nclass Problem \{\n\{\{code\}\}\n/);
  const programs = [
    { language: "javascript", code: "function strlen(string) { return string.length; }" },
    { language: "javascript", code: "function strlen(string) { return 4; }" },
    {
      language: "cpp",
      code: "#include <cassert>\n#include <string>\nlong f(std::string s) { return s.size(); }",
    },
  ].map((program) => ({ ...program, task: "multipl-e-humaneval-23", verified: false }));
  const verdicts = (await judged({ tasks: set.tasks, programs })).map(([, , verdict]) => verdict);
  assert.deepEqual(verdicts, ["pass", "wrong-answer", "pass"]);
  await assert.rejects(
    imported({ "rows.jsonl": rows }, { format: "multipl-e", split: "train" }),
    /held-out, never train/,
  );
});

Deno.test("SLTrans: supervised rows, taken only by who names its licence", async () => {
  const rows = [
    { Source_Code: "int main() { return 0; }", IR_Original: "define i32 @main() { ret i32 0 }" },
    { Source_Code: "int main() { return 0; }", IR_Original: "define i32 @main() { ret i32 0 }" },
  ];
  await assert.rejects(
    imported({ "c.jsonl": rows }, { format: "sltrans" }),
    /CC-BY-NC-SA-4\.0, which restricts its use/,
  );
  const set = await imported({ "c.jsonl": rows }, {
    format: "sltrans",
    languages: ["c"],
    licence: "CC-BY-NC-SA-4.0",
  });
  assert.deepEqual(set.rows, [{
    prompt: "Translate from c to LLVM IR:\nint main() { return 0; }\n",
    completion: "define i32 @main() { ret i32 0 }",
  }]);
});

Deno.test("Exercism: specifications and tracks as they are checked out", async () => {
  const cases = (all: readonly object[]) => ({ exercise: "x", cases: all });
  const files = {
    "specs/exercises/leap/description.md": "Say whether a year is a leap year.",
    "specs/exercises/leap/canonical-data.json": cases([
      { uuid: "1", property: "leapYear", input: { year: 2000 }, expected: true },
      { uuid: "2", property: "leapYear", input: { year: 1900 }, expected: true },
      {
        description: "nested",
        cases: [{
          ...{ uuid: "3", reimplements: "2", property: "leapYear" },
          ...{ input: { year: 1900 }, expected: false },
        }],
      },
    ]),
    "specs/exercises/fails/description.md": "Sometimes fails.",
    "specs/exercises/fails/canonical-data.json": cases([
      { property: "f", input: { n: 0 }, expected: { error: "no" } },
    ]),
    "specs/exercises/two/description.md": "Two functions.",
    "specs/exercises/two/canonical-data.json": cases([
      { property: "encode", input: { s: "" }, expected: "" },
      { property: "decode", input: { s: "" }, expected: "" },
    ]),
    "python/config.json": { slug: "python" },
    "python/exercises/practice/leap/.meta/config.json": {
      files: { solution: ["leap.py"], test: ["leap_test.py"], example: [".meta/example.py"] },
    },
    "python/exercises/practice/leap/.meta/example.py":
      "def leap_year(year):\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)\n",
    "c/config.json": { slug: "c" },
    "c/exercises/practice/leap/.meta/config.json": {
      files: { solution: ["leap.c", "leap.h"], example: [".meta/example.c", ".meta/example.h"] },
    },
    "c/exercises/practice/leap/.meta/example.h":
      "#ifndef LEAP_H\n#define LEAP_H\n#include <stdbool.h>\nbool leap_year(int year);\n#endif\n",
    "c/exercises/practice/leap/.meta/example.c":
      '#include "leap.h"\nbool leap_year(int y) { return y % 4 == 0 && (y % 100 || y % 400 == 0); }\n',
    "cpp/config.json": { slug: "cpp" },
    "cpp/exercises/practice/leap/.meta/config.json": {
      files: { solution: ["leap.cpp"], example: [".meta/example.cpp", ".meta/example.h"] },
    },
    "cpp/exercises/practice/leap/.meta/example.h":
      "#pragma once\nnamespace leap { bool is_leap_year(int year); }\n",
    "cpp/exercises/practice/leap/.meta/example.cpp":
      '#include "leap.h"\nnamespace leap {\nbool is_leap_year(int y) { return y % 4 == 0 && (y % 100 || y % 400 == 0); }\n}\n',
    "rust/config.json": { slug: "rust" },
    "rust/exercises/practice/leap/.meta/config.json": {
      files: { solution: ["src/lib.rs", "Cargo.toml"], example: [".meta/example.rs"] },
    },
    "rust/exercises/practice/leap/.meta/example.rs":
      "pub fn is_leap_year(y: u64) -> bool {\n    y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)\n}\n",
  };
  const set = await imported(files, { format: "exercism" }, [
    "specs",
    "python",
    "c",
    "cpp",
    "rust",
  ]);
  assert.deepEqual(set.tasks.map(({ id }) => id), ["exercism-leap"]);
  assert.deepEqual(set.tasks[0]!.cases, [
    { arguments: [2000], result: true },
    { arguments: [1900], result: false },
  ]);
  assert.deepEqual(await judged(set), [
    ["exercism-leap", "python", "pass"],
    ["exercism-leap", "c", "pass"],
    // Under a name of its track's own.
    ["exercism-leap", "cpp", "compile-error"],
    ["exercism-leap", "rust", "compile-error"],
  ]);
  const tools = await findToolchain().catch(() => undefined);
  if (tools === undefined) {
    console.warn("SKIPPED: IR groups of Exercism's examples: no clang and opt");
    return;
  }
  const { programs } = await Effect.runPromise(
    definedPrograms(set.tasks, set.programs).pipe(Effect.provide(Sandbox.layer())),
  );
  const tokens = (ir: string) => ir.length / 4;
  const made = await groups({ tasks: set.tasks, programs, seed: 0, tools, tokens });
  assert.deepEqual(
    made.groups.map((group) => [group.id, group.language, group.function]).sort(),
    [
      ["ir-exercism-leap", "c", "leap_year"],
      ["ir-exercism-leap-cpp-is_leap_year", "cpp", "is_leap_year"],
      ...(tools.rustc === undefined
        ? []
        : [["ir-exercism-leap-rust-is_leap_year", "rust", "is_leap_year"]]),
    ],
    JSON.stringify(made.tally),
  );
});

Deno.test("a set whose terms are unknown is not trained on before somebody names them", () => {
  assert.throws(() => licenceOf("jsonl", {}), /licence is unknown; name it with --licence/);
  assert.equal(licenceOf("jsonl", { split: "held-out" }), "unknown");
  assert.equal(licenceOf("jsonl", { licence: "MIT" }), "MIT");
  assert.throws(() => licenceOf("humaneval-x", { split: "train", licence: "MIT" }), RangeError);
});

const shared = sharedFolder("data");
Deno.test({
  name: "the real exercises of problem-specifications become tasks",
  ignore: shared === undefined,
  fn: async () => {
    const { tasks } = await importFiles([`${shared}/exercism-canonical/exercises.jsonl.gz`], {
      format: "exercism",
    });
    assert.ok(tasks.length >= 40, String(tasks.length));
    assert.ok(
      tasks.every(({ cases, signature }) =>
        cases!.every((one) => one.arguments.length === signature.parameters.length)
      ),
    );
  },
});
