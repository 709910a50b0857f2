import type { Program, Task } from "../schema.ts";
import { type Foreign, optionalTextOf, textOf } from "./foreign.ts";
import type { Imported, ImportOptions } from "./import.ts";
import { licenceOf } from "./licences.ts";
import { jsonOf, mainSignature, stdinTests } from "./stdin_task.ts";

/**
 * Codeforces problems (the columns of open-r1/codeforces): the statement in its parts, `examples` and
 * `official_tests` of `input` and `output`. Interactive problems and those with a checker of their own
 * (more than one right answer) are left out: they cannot be judged by comparing outputs. Tests that the
 * site cut off end in "..." and are left out as well.
 */
export const codeforces = (records: readonly Foreign[], options: ImportOptions): Imported => {
  const licence = licenceOf("codeforces", options);
  const tasks: Task[] = [];
  const programs: Program[] = [];
  for (const foreign of records) {
    if (has(foreign, "interaction_format") || has(foreign, "generated_checker")) continue;
    const tests = stdinTests([
      ...pairsOf(jsonOf(foreign, "examples")),
      ...pairsOf(jsonOf(foreign, "official_tests")),
    ]);
    if (tests === undefined) continue;
    const id = `codeforces-${textOf(foreign, "id").replaceAll("/", "-")}`;
    tasks.push({
      id,
      family: id,
      statement: statementOf(foreign),
      signature: mainSignature,
      tests,
      split: options.split ?? "train",
      source: "Codeforces (open-r1/codeforces)",
      licence,
    });
    const code = optionalTextOf(foreign, "code");
    const language = languageOf(optionalTextOf(foreign, "programmingLanguage") ?? "");
    const accepted = optionalTextOf(foreign, "verdict") ?? "OK";
    if (code !== undefined && language !== undefined && accepted === "OK") {
      programs.push({ task: id, language, code, verified: false });
    }
  }
  return { tasks, programs };
};

const has = ({ record }: Foreign, key: string): boolean =>
  typeof record[key] === "string" && record[key].trim() !== "";

const statementOf = (foreign: Foreign): string => {
  const parts = [
    ["", textOf(foreign, "description")],
    ["Input\n", optionalTextOf(foreign, "input_format")],
    ["Output\n", optionalTextOf(foreign, "output_format")],
    ["Note\n", optionalTextOf(foreign, "note")],
  ] as const;
  return parts.flatMap(([title, text]) => text === undefined || text === "" ? [] : [title + text])
    .join("\n\n");
};

const pairsOf = (list: unknown): (readonly [unknown, unknown])[] => {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one) => {
    const { input, output } = one as Record<string, unknown>;
    const cut = [input, output].some((text) => typeof text === "string" && /\.\.\.\s*$/.test(text));
    return cut ? [] : [[input, output] as const];
  });
};

/** The site's names of compilers. */
const languageOf = (compiler: string): string | undefined =>
  [
    [/python|pypy/i, "python"],
    [/c\+\+|g\+\+/i, "cpp"],
    [/^(gnu )?c(11|\d\d)?$/i, "c"],
    [/java ?\d|^java$/i, "java"],
    [/javascript|node/i, "javascript"],
    [/^go$/i, "go"],
    [/rust/i, "rust"],
    [/^php/i, "php"],
    [/^ruby/i, "ruby"],
    [/c#/i, "csharp"],
  ].find(([pattern]) => (pattern as RegExp).test(compiler))?.[1] as string | undefined;
