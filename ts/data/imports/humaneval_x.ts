import type { Program, Task } from "../schema.ts";
import { type Foreign, optionalTextOf, textOf } from "./foreign.ts";
import type { Imported, ImportOptions } from "./import.ts";
import { licenceOf } from "./licences.ts";

const languages: Readonly<Record<string, string>> = {
  Python: "python",
  JavaScript: "javascript",
  Java: "java",
  CPP: "cpp",
  Go: "go",
  Rust: "rust",
};

/**
 * HumanEval-X: `task_id` is `Language/number`. The set is for evaluation only, so its tasks are held out,
 * and asking for training is refused.
 */
export const humanevalX = (records: readonly Foreign[], options: ImportOptions): Imported => {
  const licence = licenceOf("humaneval-x", options);
  const tasks = new Map<string, Task>();
  const programs: Program[] = [];
  for (const foreign of records) {
    const [prefix = "", number = ""] = textOf(foreign, "task_id").split("/");
    const language = languages[prefix] ?? prefix.toLowerCase();
    if (options.languages !== undefined && !options.languages.includes(language)) continue;
    const id = `humaneval-x-${number}`;
    const declaration = textOf(foreign, "declaration");
    const known = tasks.get(id);
    tasks.set(id, {
      id,
      family: id,
      statement: known?.statement ?? optionalTextOf(foreign, "text") ?? textOf(foreign, "prompt"),
      signature: known?.signature ??
        { name: functionName(declaration) ?? `humaneval_${number}`, parameters: [], result: "any" },
      test_program: { ...known?.test_program, [language]: textOf(foreign, "test") },
      split: "held-out",
      source: "HumanEval-X (THUDM/CodeGeeX)",
      licence,
    });
    const solution = optionalTextOf(foreign, "canonical_solution");
    if (solution === undefined) continue;
    const code = opening(declaration, optionalTextOf(foreign, "prompt") ?? "") + solution;
    programs.push({ task: id, language, code, verified: false });
  }
  return { tasks: [...tasks.values()], programs };
};

/** Go's declarations leave out the functions that the prompt gives to be called: then the prompt itself opens the program. */
const opening = (declaration: string, prompt: string): string =>
  (prompt.match(/^func /gm) ?? []).length > (declaration.match(/^func /gm) ?? []).length
    ? prompt
    : declaration;

const functionName = (declaration: string): string | undefined =>
  /(?:def|const|func|fn)\s+(\w+)/.exec(declaration)?.[1];
