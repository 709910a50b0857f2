import assert from "node:assert/strict";
import type { Task } from "../schema.ts";
import { selectShortest } from "./select.ts";

const task = (id: string, languages: readonly string[]): Task => ({
  id,
  family: id,
  statement: "",
  signature: { name: "f", parameters: [], result: "any" },
  test_program: Object.fromEntries(languages.map((l) => [l, "assert"])),
  split: "train",
  source: "test",
  licence: "test",
});

Deno.test("the shortest tasks with every language and a program are chosen", () => {
  const program = (id: string, code: string) => ({
    task: id,
    language: "lua",
    code,
    verified: false,
  });
  const chosen = selectShortest(
    {
      tasks: [
        task("long", ["lua", "c"]),
        task("one", ["lua"]),
        task("b", ["lua", "c"]),
        task("bare", ["lua", "c"]),
      ],
      programs: [program("long", "x".repeat(99)), program("one", ""), program("b", "x")],
    },
    1,
    ["lua", "c"],
  );
  assert.deepEqual(chosen.tasks.map((t) => t.id), ["b"]);
  assert.deepEqual(chosen.programs.map((p) => p.task), ["b"]);
});
