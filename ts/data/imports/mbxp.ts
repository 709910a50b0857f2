import type { Program, Task } from "../schema.ts";
import { type Foreign, optionalTextOf, textOf } from "./foreign.ts";
import type { Imported, ImportOptions } from "./import.ts";
import { licenceOf } from "./licences.ts";

/**
 * MBXP: the number after the slash of `task_id` is the same task in every language. The test program is
 * placed after the code; the code is the whole program, prompt included, so that a completion that
 * declares the function itself passes too.
 */
export const mbxp = (records: readonly Foreign[], options: ImportOptions): Imported => {
  const licence = licenceOf("mbxp", options);
  const tasks = new Map<string, Task>();
  const programs: Program[] = [];
  for (const foreign of records) {
    const language = textOf(foreign, "language");
    if (options.languages !== undefined && !options.languages.includes(language)) continue;
    const number = textOf(foreign, "task_id").split("/").pop() ?? "";
    const id = `mbxp-${number}`;
    const entry = textOf(foreign, "entry_point");
    const test = testProgram(language, textOf(foreign, "test"), entry);
    const known = tasks.get(id);
    tasks.set(
      id,
      known === undefined
        ? {
          id,
          family: id,
          statement: textOf(foreign, "description"),
          signature: { name: entry, parameters: [], result: "any" },
          test_program: { [language]: test },
          split: options.split ?? "train",
          source: "MBXP (amazon-science/mxeval)",
          licence,
        }
        : { ...known, test_program: { ...known.test_program, [language]: test } },
    );
    const solution = optionalTextOf(foreign, "canonical_solution");
    if (solution === undefined) continue;
    const code = opened(language, textOf(foreign, "prompt")) + solution;
    programs.push({ task: id, language, code, verified: false });
  }
  return { tasks: [...tasks.values()], programs };
};

/**
 * The set's tests as this sandbox can run them: Python's only defines `check`, and JavaScript's and Perl's
 * name a module each for deep equality that is not part of the language, so it is written in its place.
 */
const testProgram = (language: string, test: string, entry: string): string => {
  switch (language) {
    case "python":
      return `${test}\ncheck(${entry})\n`;
    case "javascript":
      return test.replace(/const _ = require\("lodash"\);?/, javascriptEquality);
    case "perl":
      return test.replace(/use Data::Compare;/, () => perlEquality);
    default:
      return test;
  }
};

const javascriptEquality = `const _ = {
  isEqual: function same(a, b) {
    if (Object.is(a, b) || a === b) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((k) => k in b && same(a[k], b[k]));
  },
};`;

const perlEquality = `sub Compare {
  my ($p, $q) = @_;
  return !defined($p) && !defined($q) if !defined($p) || !defined($q);
  return 0 if ref($p) ne ref($q);
  if (ref($p) eq "ARRAY") {
    return 0 if @$p != @$q;
    for my $i (0..$#$p) { return 0 if !Compare($p->[$i], $q->[$i]); }
    return 1;
  }
  if (ref($p) eq "HASH") {
    return 0 if keys(%$p) != keys(%$q);
    for my $k (keys %$p) { return 0 if !exists($q->{$k}) || !Compare($p->{$k}, $q->{$k}); }
    return 1;
  }
  return $p eq $q;
}`;

/** The judge opens PHP itself where a program does not; the rest of a prompt is kept as it is. */
const opened = (language: string, prompt: string): string =>
  language === "php" ? prompt.replace(/^<\?php\s*/, "") : prompt;
