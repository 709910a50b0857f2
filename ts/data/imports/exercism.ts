import type { Schema } from "effect";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../jsonl.ts";
import type { Program, Task } from "../schema.ts";
import { typeOf } from "./apps.ts";
import { type Foreign, textOf } from "./foreign.ts";
import type { Imported, ImportOptions } from "./import.ts";
import { licenceOf } from "./licences.ts";
import { readRecords } from "./records.ts";

/**
 * Exercism: a checkout of `problem-specifications` (statements, cases of every exercise in JSON) and any
 * number of checkouts of language tracks (their example solutions); or rows of `slug`, `statement` and
 * `canonical`. An exercise becomes a task if its cases all call one property with the same inputs and
 * none expects an error, which languages say in different ways. An example solution is that of its
 * language's own tests: `calque data verify --write` marks those that answer to the task's.
 */
export const exercism = async (
  paths: readonly string[],
  options: ImportOptions,
): Promise<Imported> => {
  const licence = licenceOf("exercism", options);
  const tasks: Task[] = [];
  const programs: Program[] = [];
  for (const path of paths) {
    if (await isFolder(join(path, "exercises/practice"))) {
      programs.push(...await trackPrograms(path, options));
    } else {
      const records = await isFolder(join(path, "exercises"))
        ? await specifications(path)
        : await readRecords(path);
      tasks.push(...records.flatMap((foreign) => taskOf(foreign, options, licence) ?? []));
    }
  }
  const known = new Set(tasks.map(({ id }) => id));
  return { tasks, programs: programs.filter(({ task }) => known.has(task)) };
};

const specifications = async (path: string): Promise<Foreign[]> => {
  const records: Foreign[] = [];
  for (const slug of (await readdir(join(path, "exercises"))).sort()) {
    const read = (name: string) =>
      readFile(join(path, "exercises", slug, name), "utf8").catch(() => undefined);
    const [canonical, description] = [
      await read("canonical-data.json"),
      await read("description.md"),
    ];
    if (canonical === undefined || description === undefined) continue;
    const file = `${slug}/canonical-data.json`;
    try {
      const record = { slug, statement: description, canonical: JSON.parse(canonical) };
      records.push({ file, line: 1, record });
    } catch (error) {
      const expected = `expected JSON; ${(error as Error).message}`;
      throw new DataError({ file, line: 1, key: "", expected });
    }
  }
  return records;
};

const taskOf = (foreign: Foreign, options: ImportOptions, licence: string): Task | undefined => {
  const slug = textOf(foreign, "slug");
  const all = casesIn(foreign.record["canonical"]);
  const replaced = new Set(all.map(({ reimplements }) => reimplements));
  const current = all.filter(({ uuid }) => uuid === undefined || !replaced.has(uuid));
  const names = new Set(current.map(({ property }) => property));
  const inputs = new Set(current.map(({ input }) => Object.keys(input ?? {}).sort().join()));
  const [name] = names;
  const [first, ...others] = current;
  if (names.size !== 1 || inputs.size !== 1 || typeof name !== "string" || first === undefined) {
    return undefined;
  }
  if (current.some(({ expected }) => failure(expected) || expected === undefined)) return undefined;
  // A function given as text, as in "(x) => x * x", is no value that every language could take.
  if (/=>/.test(JSON.stringify(current.map(({ input }) => input)))) return undefined;
  const parameters = Object.entries(first.input ?? {});
  if (parameters.length === 0) return undefined;
  const asCase = ({ input, expected }: Canonical) => ({
    arguments: parameters.map(([key]) => (input ?? {})[key] as Schema.Json),
    result: expected as Schema.Json,
  });
  const id = `exercism-${slug}`;
  return {
    id,
    family: id,
    statement: textOf(foreign, "statement"),
    signature: {
      name,
      parameters: parameters.map(([key]) => ({
        name: key,
        type: typeOfAll(current.map(({ input }) => input![key])),
      })),
      result: typeOfAll(current.map(({ expected }) => expected)),
    },
    cases: [asCase(first), ...others.map(asCase)],
    split: options.split ?? "train",
    source: "Exercism (problem-specifications)",
    licence,
  };
};

interface Canonical {
  readonly uuid?: string;
  readonly reimplements?: string;
  readonly property?: unknown;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly expected?: unknown;
}

/** Cases may be nested in groups. */
const casesIn = (canonical: unknown): Canonical[] => {
  const list = (canonical as Record<string, unknown> | null | undefined)?.["cases"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((one) =>
    typeof one === "object" && one !== null
      ? "cases" in one ? casesIn(one) : [one as Canonical]
      : []
  );
};

const failure = (expected: unknown): boolean =>
  typeof expected === "object" && expected !== null && "error" in expected;

/** The type that all values have; an empty list agrees with a list of anything. */
const typeOfAll = (values: readonly unknown[]): string => {
  const types = new Set(
    values.map((value) => Array.isArray(value) && value.length === 0 ? "" : typeOf(value)),
  );
  const told = [...types].filter((type) => type !== "");
  return told.length === 1 ? told[0]! : told.length === 0 ? "list<any>" : "any";
};

/** A track names its language in `config.json` and an exercise's example in its `.meta/config.json`. */
const trackPrograms = async (path: string, options: ImportOptions): Promise<Program[]> => {
  const json = async (file: string) => {
    try {
      return JSON.parse(await readFile(file, "utf8"));
    } catch {
      return undefined;
    }
  };
  const slugOfTrack = (await json(join(path, "config.json")))?.slug;
  if (typeof slugOfTrack !== "string") {
    const expected = "expected an Exercism track, whose config.json names its language as slug";
    throw new DataError({ file: join(path, "config.json"), line: 1, key: "slug", expected });
  }
  const language = slugOfTrack === "perl5" ? "perl" : slugOfTrack;
  if (options.languages !== undefined && !options.languages.includes(language)) return [];
  const practice = join(path, "exercises/practice");
  const programs: Program[] = [];
  for (const slug of (await readdir(practice)).sort()) {
    const files = (await json(join(practice, slug, ".meta/config.json")))?.files;
    const example = files?.example ?? files?.exemplar;
    if (!Array.isArray(example)) continue;
    const texts = await Promise.all(example.map(async (name) => ({
      name: String(name),
      text: await readFile(join(practice, slug, String(name)), "utf8").catch(() => undefined),
    })));
    const code = oneProgram(texts);
    if (code === undefined) continue;
    programs.push({ task: `exercism-${slug}`, language, code, verified: false });
  }
  return programs;
};

/** C and C++ have a header beside the source, under another name there; other files make no one program. */
const oneProgram = (
  files: readonly { readonly name: string; readonly text: string | undefined }[],
): string | undefined => {
  const sources = files.filter(({ name }) => !/\.(h|hpp)$/.test(name));
  const headers = files.filter((file) => !sources.includes(file));
  const [source] = sources;
  if (source?.text === undefined || sources.length !== 1) return undefined;
  if (headers.some(({ text }) => text === undefined)) return undefined;
  if (headers.length === 0) return source.text;
  const own = /^[ \t]*#[ \t]*include[ \t]*"[^"\n]*".*$/gm;
  const header = headers.map(({ text }) => text).join("\n");
  return `${header.replace(own, "")}\n${source.text.replace(own, "")}`;
};

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then((found) => found.isDirectory(), () => false);
