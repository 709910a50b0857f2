import type { Program, Task } from "../schema.ts";
import { type Foreign, optionalTextOf, textOf } from "./foreign.ts";
import type { Imported, ImportOptions } from "./import.ts";
import { functionCases } from "./apps.ts";
import { licenceOf } from "./licences.ts";
import { jsonOf, mainSignature, stdinTests, unfenced } from "./stdin_task.ts";

/**
 * SYNTHETIC-1's rows of code: `prompt`, `verification_info` (JSON of `test_cases`, each of type
 * `stdin_stdout` or `function_call`), `gold_standard_solution` (a fenced program). Rows of other kinds
 * (mathematics, questions) and rows whose tests are of mixed types are left out. A problem that came from
 * another set bears that set's id in its family, so that a leak to it shows.
 */
export const synthetic1 = (records: readonly Foreign[], options: ImportOptions): Imported => {
  const licence = licenceOf("synthetic-1", options);
  const tasks: Task[] = [];
  const programs: Program[] = [];
  for (const foreign of records) {
    const info = jsonOf(foreign, "verification_info");
    const tested = testsOf(info);
    if (tested === undefined) continue;
    const id = `synthetic-1-${textOf(foreign, "problem_id")}`;
    tasks.push({
      id,
      family: optionalTextOf(foreign, "in_source_id") ?? id,
      statement: textOf(foreign, "prompt"),
      ...tested,
      split: options.split ?? "train",
      source: "SYNTHETIC-1 (PrimeIntellect)",
      licence,
    });
    const solution = optionalTextOf(foreign, "gold_standard_solution");
    if (solution === undefined || solution.trim() === "") continue;
    const language = String((info as Record<string, unknown>)["language"] ?? "python");
    programs.push({ task: id, language, code: unfenced(solution), verified: false });
  }
  return { tasks, programs };
};

const testsOf = (info: unknown) => {
  const cases = (info as Record<string, unknown> | null | undefined)?.["test_cases"];
  if (!Array.isArray(cases) || cases.length === 0) return undefined;
  const all = cases.filter((one): one is Record<string, unknown> =>
    typeof one === "object" && one !== null
  );
  const pairs = all.map(({ input, output }) => [input, output] as const);
  const kinds = new Set(all.map(({ type }) => type));
  if (kinds.size !== 1) return undefined;
  if (kinds.has("stdin_stdout")) {
    const tests = stdinTests(pairs);
    return tests && { signature: mainSignature, tests };
  }
  const names = new Set(all.map(({ fn_name }) => fn_name));
  const [name] = names;
  return kinds.has("function_call") && names.size === 1 && typeof name === "string"
    ? functionCases(name, pairs)
    : undefined;
};
