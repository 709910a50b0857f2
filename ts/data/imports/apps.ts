import type { Schema } from "effect";
import type { Program, Task } from "../schema.ts";
import { type Foreign, optionalTextOf, textOf } from "./foreign.ts";
import type { Imported, ImportOptions } from "./import.ts";
import { licenceOf } from "./licences.ts";
import { jsonOf, mainSignature, stdinTests } from "./stdin_task.ts";

/** Solutions that are kept of a problem: parallel data needs one, and some have hundreds. */
const KEPT = 3;

/**
 * APPS (Hendrycks et al. 2021): `question`, `solutions` (JSON list of Python), `input_output` (JSON of
 * `inputs`, `outputs` and, for a function, `fn_name`). Problems without tests, and those whose starter
 * code is a method of a class, which no other language would be asked for, are left out.
 */
export const apps = (records: readonly Foreign[], options: ImportOptions): Imported => {
  const licence = licenceOf("apps", options);
  const tasks: Task[] = [];
  const programs: Program[] = [];
  for (const foreign of records) {
    if (/class\s+Solution/.test(optionalTextOf(foreign, "starter_code") ?? "")) continue;
    const tested = testsOf(jsonOf(foreign, "input_output"));
    if (tested === undefined) continue;
    const id = `apps-${foreign.record["problem_id"] ?? foreign.record["id"] ?? foreign.line}`;
    tasks.push({
      id,
      family: id,
      statement: textOf(foreign, "question"),
      ...tested,
      split: options.split ?? "train",
      source: "APPS (codeparrot/apps)",
      licence,
    });
    const solutions = jsonOf(foreign, "solutions");
    if (!Array.isArray(solutions)) continue;
    for (const code of solutions.filter((text) => typeof text === "string").slice(0, KEPT)) {
      programs.push({ task: id, language: "python", code, verified: false });
    }
  }
  return { tasks, programs };
};

const testsOf = (
  found: unknown,
): Pick<Task, "signature" | "tests"> | Pick<Task, "signature" | "cases"> | undefined => {
  if (typeof found !== "object" || found === null) return undefined;
  const { inputs, outputs, fn_name } = found as Record<string, unknown>;
  if (!Array.isArray(inputs) || !Array.isArray(outputs) || inputs.length !== outputs.length) {
    return undefined;
  }
  const pairs = inputs.map((input, i) => [input, outputs[i]] as const);
  if (typeof fn_name !== "string" || fn_name === "") {
    const tests = stdinTests(pairs);
    return tests && { signature: mainSignature, tests };
  }
  return functionCases(fn_name, pairs);
};

/** Cases of a function: inputs are lists of arguments; some sets wrap a result in a list of one. */
export const functionCases = (
  name: string,
  pairs: readonly (readonly [input: unknown, output: unknown])[],
): Pick<Task, "signature" | "cases"> | undefined => {
  const wrapped = pairs.every(([, output]) => Array.isArray(output) && output.length === 1);
  const cases = pairs.flatMap(([input, output]) =>
    Array.isArray(input)
      ? [{
        arguments: input as Schema.Json[],
        result: (wrapped ? (output as unknown[])[0] : output) as Schema.Json,
      }]
      : []
  );
  const [first, ...others] = cases;
  if (first === undefined || cases.length < pairs.length) return undefined;
  const parameters = first.arguments.map((value, i) => ({
    name: `x${i + 1}`,
    type: typeOf(value),
  }));
  const signature = { name, parameters, result: typeOf(first.result) };
  return { signature, cases: [first, ...others] };
};

/** The little language's name of a JSON value's type. */
export const typeOf = (value: unknown): string => {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (!Array.isArray(value)) return "any";
  const types = new Set(value.map(typeOf));
  return `list<${types.size === 1 ? [...types][0] : "any"}>`;
};
