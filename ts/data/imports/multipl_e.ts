import type { Task } from "../schema.ts";
import { type Foreign, optionalTextOf, textOf } from "./foreign.ts";
import type { Imported, ImportOptions } from "./import.ts";
import { licenceOf } from "./licences.ts";

/** The set's names of languages; those that are not here are spelt out. */
const languages: Readonly<Record<string, string>> = {
  ...{ py: "python", js: "javascript", ts: "typescript", rb: "ruby", pl: "perl", rs: "rust" },
  ...{ cs: "csharp", sh: "bash", hs: "haskell", jl: "julia", rkt: "racket", ml: "ocaml" },
  ...{ kt: "kotlin", "go_test.go": "go", elixir: "elixir", ex: "elixir" },
};

/**
 * MultiPL-E: HumanEval and MBPP in many languages; `name` is `HumanEval_12_...` or `mbpp_12_...`, `prompt`
 * the head of the function, `tests` what follows its body. The set expects a completion that stops before
 * the function's closing brace and its tests begin with it; here a program is whole, so that brace goes.
 * Where the prompt opens a class (Java, C#, Scala), the class stays around the program. The set is for
 * evaluation only.
 */
export const multiplE = (records: readonly Foreign[], options: ImportOptions): Imported => {
  const licence = licenceOf("multipl-e", options);
  const tasks = new Map<string, Task>();
  for (const foreign of records) {
    const short = textOf(foreign, "language");
    const language = languages[short] ?? short;
    if (options.languages !== undefined && !options.languages.includes(language)) continue;
    const [, set = "", number = "", name = ""] = /^([A-Za-z]+)_(\d+)_(.*)$/
      .exec(textOf(foreign, "name")) ?? [];
    const base = set === ""
      ? textOf(foreign, "name")
      : `${/mbpp/i.test(set) ? "mbpp" : "humaneval"}-${number}`;
    const id = `multipl-e-${base}`;
    const known = tasks.get(id);
    const prompt = textOf(foreign, "prompt");
    tasks.set(id, {
      id,
      family: base,
      statement: known?.statement ?? commentsOf(prompt),
      signature: known?.signature ??
        { name: name === "" ? "f" : name, parameters: [], result: "any" },
      test_program: {
        ...known?.test_program,
        [language]: testProgram(prompt, textOf(foreign, "tests")),
      },
      split: "held-out",
      source: `MultiPL-E (${optionalTextOf(foreign, "doctests") ?? "original"})`,
      licence,
    });
  }
  return { tasks: [...tasks.values()], programs: [] };
};

const testProgram = (prompt: string, tests: string): string => {
  const body = tests.replace(/^\s*\}/, "");
  const opening = /^[\s\S]*?^\s*(?:public\s+)?(?:class|object)\s+\w+\s*\{[^\n]*\n/m.exec(prompt)
    ?.[0];
  return opening === undefined ? body : `${opening}{{code}}\n${body}`;
};

/** The words of the prompt's comments, without the marks and the code. */
const commentsOf = (prompt: string): string => {
  const quoted = /"""([\s\S]*?)"""/.exec(prompt)?.[1];
  const lines = quoted?.split("\n") ??
    prompt.split("\n").flatMap((line) =>
      /^\s*(?:\/\/+|#+|--+|;+|\*|\/\*\*?|=begin|%)\s?(.*)$/.exec(line)?.slice(1, 2) ?? []
    );
  return lines.map((line) => line.trim()).join("\n").trim();
};
