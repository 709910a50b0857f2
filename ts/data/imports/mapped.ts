import { Result } from "effect";
import { DataError, parseJsonl } from "../jsonl.ts";
import { Task } from "../schema.ts";
import type { Program } from "../schema.ts";
import { type Foreign, optionalTextOf, textOf } from "./foreign.ts";
import type { Imported, ImportOptions } from "./import.ts";
import { licenceOf } from "./licences.ts";

/** Keys that `--map key=column` may name. */
export const mappedKeys = [
  "id",
  "family",
  "statement",
  "function",
  "tests",
  "cases",
  "test_program",
  "language",
  "code",
] as const;

/**
 * Any JSONL whose columns say what a task needs; a key that is not mapped is looked for under its own name.
 * `tests` and `cases` hold lists as in `tasks.jsonl`; `test_program` is text and needs `language`.
 */
export const mapped = (records: readonly Foreign[], options: ImportOptions): Imported => {
  for (const key of Object.keys(options.map ?? {})) {
    if (!(mappedKeys as readonly string[]).includes(key)) {
      throw new RangeError(
        `--map ${key}=...: unknown key; expected one of ${mappedKeys.join(", ")}`,
      );
    }
  }
  const column = (key: typeof mappedKeys[number]): string => options.map?.[key] ?? key;
  const licence = licenceOf("jsonl", options);
  const tasks: Task[] = [];
  const programs: Program[] = [];
  for (const foreign of records) {
    const { file, line, record } = foreign;
    const id = textOf(foreign, column("id"));
    const language = optionalTextOf(foreign, column("language"));
    const program = optionalTextOf(foreign, column("test_program"));
    if (program !== undefined && language === undefined) {
      throw new DataError({ file, line, key: column("language"), expected: "is missing" });
    }
    const task = {
      id,
      family: optionalTextOf(foreign, column("family")) ?? id,
      statement: optionalTextOf(foreign, column("statement")) ?? "",
      signature: {
        name: optionalTextOf(foreign, column("function")) ?? "main",
        parameters: [],
        result: "any",
      },
      ...(program === undefined ? {} : { test_program: { [language as string]: program } }),
      ...(record[column("tests")] === undefined ? {} : { tests: record[column("tests")] }),
      ...(record[column("cases")] === undefined ? {} : { cases: record[column("cases")] }),
      split: options.split ?? "train",
      source: file,
      licence,
    };
    const parsed = parseJsonl(JSON.stringify(task), Task, file);
    if (Result.isFailure(parsed)) {
      throw new DataError({
        file,
        line,
        key: parsed.failure.key,
        expected: parsed.failure.expected,
      });
    }
    tasks.push(...parsed.success);
    const code = optionalTextOf(foreign, column("code"));
    if (code !== undefined && language !== undefined) {
      programs.push({ task: id, language, code, verified: false });
    }
  }
  return { tasks, programs };
};
