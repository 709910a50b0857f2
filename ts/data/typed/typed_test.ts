import { Effect } from "effect";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../random.ts";
import { Sandbox } from "../../sandbox/mod.ts";
import { leaks } from "../leaks.ts";
import { stats } from "../stats.ts";
import { verify } from "../verify.ts";
import { draw, levels } from "./draw.ts";
import { drawTypedTasks, printTypedPrograms } from "./draw_tasks.ts";
import { interpret, type Value } from "./interpret.ts";
import { mutants } from "./mutants.ts";
import { print, typedLanguages } from "./print.ts";
import { nodes, type Program, shape } from "./tree.ts";

const options = { seed: 2, families: 80 } as const;
const drawn = drawTypedTasks(options);

Deno.test("the same seed gives the same tasks; another one others; families differ; levels share", () => {
  assert.deepEqual(drawTypedTasks(options), drawn);
  assert.notDeepEqual(drawTypedTasks({ ...options, seed: 3 }), drawn);
  assert.equal(new Set(drawn.map(({ program }) => shape(program))).size, 80);
  const tasks = drawn.map(({ task }) => task);
  assert.deepEqual(stats(tasks, [])["levels"], { 1: 20, 2: 20, 3: 20, 4: 20 });
});

Deno.test("levels hold what they say: loops, helpers, tables, recursion; all types occur", () => {
  const kinds = (level: number) =>
    new Set(
      drawn.filter((each) => each.level === level).flatMap(({ program }) =>
        [...nodes(program)].map(({ kind }) => kind as string)
      ),
    );
  assert.ok(!kinds(1).has("each") && kinds(1).has("and") && kinds(1).has("not"));
  for (const kind of ["each", "range", "push", "join", "same"]) assert.ok(kinds(2).has(kind), kind);
  for (const kind of ["call", "tally", "get"]) assert.ok(kinds(3).has(kind), kind);
  assert.ok(kinds(4).has("while"));
  const recursive = drawn.filter(({ program }) =>
    program.helpers.some((f) => JSON.stringify(f.body).includes('"kind":"call"'))
  );
  assert.ok(recursive.length > 5 && recursive.every(({ level }) => level === 4));
  const results = new Set(drawn.map(({ program }) => program.main.result));
  assert.deepEqual([...results].sort(), ["bool", "int", "list<int>", "string"]);
});

Deno.test("cases are right, 6 to 8, and tell most single edits from the program", () => {
  let [caught, all] = [0, 0];
  for (const { program, task } of drawn) {
    const cases = task.cases!;
    assert.ok(cases.length >= 6 && cases.length <= 8);
    const answers = (of: typeof program) =>
      cases.map((c) => {
        try {
          return JSON.stringify(interpret(of, c.arguments as Value[]));
        } catch {
          return "undefined";
        }
      });
    const right = answers(program);
    assert.deepEqual(right, cases.map(({ result }) => JSON.stringify(result)));
    for (const wrong of mutants(program)) {
      all++;
      if (answers(wrong).join() !== right.join()) caught++;
    }
  }
  assert.ok(caught / all > 0.85, `${caught} of ${all}`);
});

Deno.test("every draw of any seed prints in every language that does not lack its types", () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(...levels), (seed, level) => {
      const program = draw(new Random(seed), level);
      for (const language of typedLanguages) {
        const code = print(program, language);
        if (code === undefined) assert.equal(language, "c");
        else assert.doesNotMatch(code, /undefined|\[object/);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("Go declares nothing that it does not use, which its compiler refuses", () => {
  const counting: Program = {
    helpers: [],
    main: {
      name: "f",
      parameters: [{ name: "xs", type: "list<int>" }],
      result: "int",
      body: [
        { kind: "let", name: "r", type: "int", value: { kind: "int", value: 0 } },
        {
          ...{ kind: "each", item: "x", over: "xs", type: "list<int>" },
          body: [{ kind: "set", name: "r", value: { kind: "int", value: 2 } }],
        },
        { kind: "return", value: { kind: "var", name: "r" } },
      ],
    },
  };
  assert.match(print(counting, "go")!, /^ {2}for range xs \{$/m);
  assert.match(print(counting, "python")!, /^ {2}for x in xs:$/m);
  for (const { program } of drawn) {
    const code = print(program, "go")!;
    for (const [whole, name] of code.matchAll(/(\w+)(?: :=|, ok :=) (?:range .*|.*)/g)) {
      const rest = code.slice(code.indexOf(whole) + whole.length);
      assert.match(rest, new RegExp(`\\b${name}\\b`), code);
    }
  }
});

Deno.test("printed programs pass in the sandbox, in every language that is installed", async () => {
  const some = levels.flatMap((level) => drawn.filter((each) => each.level === level).slice(0, 2));
  const judged = await Effect.runPromise(
    verify(some.map(({ task }) => task), printTypedPrograms(some, typedLanguages)).pipe(
      Effect.provide(Sandbox.layer()),
    ),
  );
  // A language that is not installed is an infrastructure error, which says nothing of the program.
  const ran = judged.filter(({ judgement }) => judgement.verdict !== "infrastructure");
  const failed = ran.filter(({ judgement }) => judgement.verdict !== "pass");
  assert.deepEqual(
    failed.map(({ program, judgement }) => [program.language, program.code, judgement.verdict]),
    [],
  );
  assert.ok(new Set(ran.map(({ program }) => program.language)).size >= 5);
});

Deno.test("near-duplicates do not stand on both sides, in any language", () => {
  const many = drawTypedTasks({ seed: 0, families: 400, levels: [3] });
  const programs = printTypedPrograms(many, ["python", "cpp"]);
  assert.deepEqual(leaks(many.map(({ task }) => task), programs), []);
});

Deno.test("the split is a function of the family and about one in five is held out", () => {
  const heldOut = drawn.filter(({ task }) => task.split === "held-out").length;
  assert.ok(heldOut > 6 && heldOut < 30, String(heldOut));
});
