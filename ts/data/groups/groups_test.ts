import assert from "node:assert/strict";
import { stripIr } from "../../wasm/mod.ts";
import { Effect } from "effect";
import { Sandbox } from "../../sandbox/mod.ts";
import { Random } from "../random.ts";
import type { Task } from "../schema.ts";
import { definedPrograms } from "./defined.ts";
import { groups } from "./groups.ts";
import { buildGroup, type Judges, type RefutedMember } from "./build.ts";
import { compileMembers } from "./members.ts";
import { deletions, edits } from "./mutants.ts";
import {
  compilerOf,
  findToolchain,
  levels,
  pipelines,
  type SourceLanguage,
  sourceLanguages,
  sourceName,
  ToolchainMissing,
  verifierMessage,
} from "./toolchain.ts";

const branch = `define i32 @f(i32 %0, i32 %1) {
  %3 = icmp sgt i32 %0, %1
  br i1 %3, label %4, label %6
4:
  %5 = sub nsw i32 %0, 3
  br label %8
6:
  %7 = sdiv i32 %1, 2
  br label %8
8:
  %9 = phi i32 [ %5, %4 ], [ %7, %6 ]
  ret i32 %9
}
`;

Deno.test("edits change one line each and say what", () => {
  const mutants = edits(branch, new Random(1));
  const original = branch.split("\n");
  for (const mutant of mutants) {
    const changed = mutant.ir.split("\n").filter((line, i) => line !== original[i]);
    assert.equal(changed.length, 1, mutant.edit);
  }
  const named = new Set(mutants.map((m) => m.edit));
  for (
    const edit of [
      "predicate sgt -> sge",
      "opcode sub -> add",
      "operands of sub swapped",
      "constant 3 -> 4",
      "opcode sdiv -> srem",
      "constant 2 -> 1",
    ]
  ) assert.ok(named.has(edit), edit);
  assert.equal(new Set(mutants.map((m) => m.ir)).size, mutants.length);
});

Deno.test("a deletion takes one instruction and moves later values down", () => {
  const mutant = deletions(branch, new Random(1)).find((m) => m.edit === "deleted sub");
  assert.equal(
    mutant?.ir,
    `define i32 @f(i32 %0, i32 %1) {
  %3 = icmp sgt i32 %0, %1
  br i1 %3, label %4, label %5
4:
  br label %7
5:
  %6 = sdiv i32 %1, 2
  br label %7
7:
  %8 = phi i32 [ %5, %4 ], [ %6, %5 ]
  ret i32 %8
}
`,
  );
});

const judges: Judges = {
  // A checker of this test: members that return the same last line are equal.
  check: (source, target, relation) => {
    const last = (ir: string) => /ret .*/.exec(ir)?.[0];
    return last(source) === last(target)
      ? { verdict: relation === "refines" ? "proved" : "unknown", reason: "budget" }
      : { verdict: "refuted" };
  },
  complaint: () => Promise.resolve("undefined value"),
};

Deno.test("a group without a refuted loser or a second winner is none", async () => {
  const source = {
    id: "g",
    task: "t",
    code: "c",
    language: "c",
    function: "f",
    split: "train",
  } as const;
  const limits = { winners: 3, losers_per_tier: 1, fits: () => true };
  const tally = new Map<string, number>();
  const refuted: RefutedMember[] = [];
  const build = (irs: readonly string[]) =>
    buildGroup(
      source,
      irs.map((ir) => ({ ir, level: "-O0" as const })),
      [],
      "clang",
      judges,
      limits,
      new Random(1),
      tally,
      refuted,
    );
  assert.equal(await build([branch]), undefined);
  // `unknown` to "equivalent" is final: nothing is won by asking less.
  assert.equal(await build([branch, branch.replace("sub nsw", "sub")]), undefined);
  assert.equal(tally.get("winner unknown budget"), 1);
  assert.equal(refuted.length, 0);
  // A form that is refuted is no winner, and is not kept quiet.
  const other = branch.replace(/ret i32 .*/, "ret i32 0");
  assert.equal(await build([branch, other]), undefined);
  assert.deepEqual(refuted.map(({ group, member }) => [group, member.ir]), [["g", other]]);
});

const tools = await findToolchain().catch((error) => {
  if (!(error instanceof ToolchainMissing)) throw error;
  console.warn(`SKIPPED: tests of groups that need a compiler: ${error.message}`);
  return undefined;
});

Deno.test({
  name: "levels and pipelines give distinct members; the verifier rejects a deletion",
  ignore: tools === undefined,
  fn: async () => {
    assert.ok(tools);
    const sources = [
      "int f(int a, int b) {\n  if (a > b) return a - b;\n  return b + 2;\n}",
      "int f(int n) {\n  int r = 0;\n  for (int i = 0; i < n; i++) {\n    r += i;\n  }\n  return r;\n}",
    ];
    const members = await Promise.all(
      sources.map(async (code) => (await compileMembers(tools, "c", code, stripIr)).get("f")!),
    );
    for (const own of members) {
      assert.ok(own.length >= 3, `${own.length} members`);
      assert.equal(new Set(own.map((m) => m.ir)).size, own.length);
      for (const m of own) {
        assert.ok([...levels, ...pipelines].includes(m.level));
        assert.match(m.ir, /@f\(/);
        assert.equal(await verifierMessage(tools, m.ir), undefined, m.ir);
      }
    }
    const complaint = await verifierMessage(tools, branch.replace("  %7 = sdiv i32 %1, 2\n", ""));
    assert.match(complaint ?? "", /%8|%7|expected/);
  },
});

Deno.test("a compiler that is not there is named", async () => {
  await assert.rejects(
    findToolchain([["no-such-clang", "no-such-opt"]]),
    /no-such-clang \+ no-such-opt/,
  );
});

const programs: Readonly<Record<SourceLanguage, string>> = {
  c: "static int twice(int a) { return a + a; }\nint f(int a, int b) { return a > b ? twice(a) : b - 2; }\n",
  cpp:
    "#include <algorithm>\ntemplate <class T> T id(T a) { return a; }\nint f(int a, int b) { return a > b ? std::max(a, id(b)) + a : b - 2; }\n",
  rust: "fn f(a: i32, b: i32) -> i32 {\n  if a > b { a.wrapping_add(a) } else { b - 2 }\n}\n",
  d: "int f(int a, int b) { return a > b ? a + a : b - 2; }\n",
};

for (const language of sourceLanguages) {
  Deno.test({
    name: `a ${language} program's function has members under its own name`,
    ignore: tools === undefined || compilerOf(tools, language) === undefined,
    fn: async () => {
      assert.ok(tools);
      const members = await compileMembers(tools, language, programs[language], stripIr);
      const own = members.get("f");
      assert.ok(own !== undefined && own.length >= 2, `${own?.length} members`);
      assert.deepEqual([...members.keys()].filter((name) => !["f", "twice"].includes(name)), []);
      for (const { ir } of own) assert.match(ir, /^define i32 @f\(i32, i32\) \{$/m);
    },
  });
}

Deno.test("mangled names are read as their sources say them", () => {
  assert.equal(sourceName("cpp", "_Z4fTwoRKSt6vectorIiSaIiEEi"), "fTwo");
  assert.equal(sourceName("cpp", "_Z2idIiET_S0_"), undefined);
  assert.equal(sourceName("cpp", "_ZNKSt6vectorIiSaIiEE5beginEv"), undefined);
  assert.equal(sourceName("cpp", "_ZN4leap12is_leap_yearEi"), "is_leap_year");
  assert.equal(sourceName("cpp", "_ZN4leap4Year4nextEv"), "next");
  assert.equal(sourceName("cpp", "_ZN4leap4YearC2Ei"), undefined);
  assert.equal(sourceName("cpp", "_ZN9__gnu_cxx3absEi"), undefined);
  assert.equal(sourceName("cpp", "_ZN4leap"), undefined);
  assert.equal(sourceName("cpp", "main"), undefined);
  assert.equal(sourceName("d", "_D6source1fFAxiZi"), "f");
  assert.equal(sourceName("d", "_D4core9exceptionQwFZv"), undefined);
  assert.equal(sourceName("rust", "f"), "f");
  assert.equal(sourceName("rust", "_RNvMs1_NtCsgEmfK2I1SDS_4core3numx3abs"), undefined);
  assert.equal(sourceName("rust", "_ZN4core3cmp3max17h9e0927a1bcc815f7E"), undefined);
});

const task = (id: string, name: string, result: (a: number) => number): Task => ({
  id,
  family: id,
  statement: id,
  signature: { name, parameters: [{ name: "a", type: "int" }], result: "int" },
  cases: [{ arguments: [2147483000], result: result(2147483000) }, {
    arguments: [3],
    result: result(3),
  }],
  split: "train",
  source: "this test",
  licence: "MIT",
});

Deno.test({
  name: "of two programs with the same answers, the one that overflows makes no group",
  ignore: tools === undefined,
  fn: async () => {
    assert.ok(tools);
    const tasks = [task("halves", "f", (a) => a), task("sums", "g", (a) => a % 1000)];
    const code = {
      // The middle overflows for the first case, and wraps back when it is not watched.
      overflow: "int f(int a) {\n  int b = a + 1000;\n  return b - 1000;\n}",
      fine: "int f(int a) {\n  if (a > 5) return a;\n  return a + 1 - 1;\n}",
      other: "int g(int a) {\n  return a % 1000;\n}",
    };
    const made = await Effect.runPromise(
      definedPrograms(tasks, [
        { task: "halves", language: "c", code: code.overflow, verified: true },
        { task: "halves", language: "c", code: code.fine, verified: true },
        { task: "sums", language: "c", code: code.other, verified: true },
        { task: "sums", language: "cpp", code: "int g(int a) { return a; }", verified: false },
        {
          task: "sums",
          language: "cpp",
          code: "int named(int a) { return a % 1000; }",
          verified: false,
        },
        { task: "sums", language: "python", code: "def g(a): return a % 1000", verified: true },
      ]).pipe(Effect.provide(Sandbox.layer())),
    );
    assert.deepEqual(made.programs.map((p) => p.code), [
      code.fine,
      code.other,
      "int named(int a) { return a % 1000; }",
    ]);
    assert.deepEqual(made.left_out, {
      "c programs that are wrong or undefined on their tests: runtime-error": 1,
      "cpp programs that are wrong or undefined on their tests: wrong-answer": 1,
    });
    const { groups: found } = await groups({
      tasks,
      programs: made.programs,
      seed: 0,
      tools,
      tokens: (ir) => ir.length / 4,
    });
    const inC = found.filter(({ language }) => language === "c");
    assert.ok(inC.length >= 1);
    // Of the same signature and language there is another one.
    for (const group of inC) {
      const tiers = group.losers.map(({ tier }) => tier);
      assert.deepEqual([...new Set(tiers)].sort(), ["edited", "ill-formed", "other"]);
    }
  },
});
