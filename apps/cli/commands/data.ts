import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { UserError } from "../../tools/mod.ts";
import { ExitWith } from "../exit.ts";
import { chooseLanguages, dataFolder, json, languages, seed } from "../flags.ts";
import { printJson, writeErr, writeOut } from "../output.ts";
import { progressLine } from "../progress.ts";
import { corpus } from "./data_corpus.ts";
import { groups } from "./data_groups.ts";
import { pairs } from "./data_pairs.ts";

const room = Effect.promise(() => import("../../../ts/data/mod.ts"));
const sandbox = Effect.promise(() => import("../../../ts/sandbox/mod.ts"));

const out = Flag.String("out").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("Folder that gets tasks.jsonl and programs.jsonl"),
);

const generate = Command.make(
  "generate",
  {
    out,
    families: Flag.Int("families").pipe(
      Flag.withDescription("Families of programs; one in five is held out"),
      Flag.withDefault(60),
    ),
    perFamily: Flag.Int("per-family").pipe(
      Flag.withDescription("Tasks of each family, with other constants"),
      Flag.withDefault(4),
    ),
    levels: Flag.String("levels").pipe(
      Flag.withMetavar("1,2,3,4"),
      Flag.withDescription(
        "Programs of the typed language instead, in twelve languages: 1 conditions, 2 loops over lists " +
          "and strings, 3 helpers and tables, 4 recursion; one task a family",
      ),
      Flag.optional,
    ),
    languages: languages(
      "languages",
      "Languages to print each task in; all that the generator has by default",
    ).pipe(Flag.optional),
    slips: Flag.Boolean("slips").pipe(
      Flag.withDescription(
        "Plant the slips of the seed corpus in the programs, of which about half fail then; for `data.unverified`",
      ),
      Flag.withDefault(false),
    ),
    seed,
    json,
  },
  Effect.fnUntraced(function* ({ out, families, perFamily, levels, languages, slips, seed, json }) {
    const data = yield* room;
    const { Sandbox } = yield* sandbox;
    const named = Option.getOrUndefined(languages);
    if (families < 2) {
      return yield* usage(
        `--families ${families}: expected at least 2, one for each side of the split`,
      );
    }
    if (perFamily < 1) return yield* usage(`--per-family ${perFamily}: expected at least 1`);
    if (slips && Option.isSome(levels)) return yield* usage("--slips: not with --levels");
    const asked = { out, families, seed, onProgress: progressLine("programs run") };
    const runnable = <L extends string>(known: readonly L[]) =>
      Effect.tap(chooseLanguages(named, known), requireRunnable);
    const made = yield* Effect.gen(function* () {
      if (Option.isNone(levels)) {
        const languages = yield* runnable(data.generatorLanguages);
        return yield* data.generate({ ...asked, perFamily, languages, slips });
      }
      return yield* data.generateTyped({
        ...asked,
        levels: yield* chooseLevels(levels.value, data.levels),
        languages: yield* runnable(data.typedLanguages),
      });
    }).pipe(Effect.provide(Sandbox.layer()));
    const summary = {
      tasks: made.tasks.length,
      programs: made.programs.length,
      verified: made.programs.filter((program) => program.verified).length,
      // A slip is meant to fail.
      failed: (slips ? [] : made.failed).map(({ program, verdict }) => ({
        task: program.task,
        language: program.language,
        verdict,
      })),
      out,
    };
    if (json) yield* printJson(summary);
    else {
      yield* writeOut(
        `${summary.tasks} tasks, ${summary.programs} programs, ${summary.verified} verified, in ${out}\n`,
      );
      for (const f of summary.failed) {
        yield* writeErr(`not verified: ${f.task} in ${f.language}: ${f.verdict}\n`);
      }
    }
    if (summary.failed.length > 0) return yield* new ExitWith({ exit: 1 });
  }),
).pipe(Command.withDescription("Draw parallel programs with tests, and run every one of them"));

const importData = Command.make(
  "import",
  {
    files: Argument.String("file").pipe(
      Argument.withDescription(
        "JSONL (gzipped or not), Parquet, or a folder of them; for exercism a checkout of " +
          "problem-specifications and checkouts of tracks",
      ),
      Argument.variadic({ min: 1 }),
    ),
    format: Flag.String("format").pipe(
      Flag.withDescription(
        "What they hold: mbxp, humaneval-x, exercism, multipl-e, sltrans, apps, synthetic-1, codeforces, " +
          "or jsonl (Parquet too) with --map",
      ),
    ),
    map: Flag.String("map").pipe(
      Flag.withMetavar("KEY=COLUMN"),
      Flag.withDescription("For jsonl: our key and the file's column; may be given many times"),
      Flag.atLeast(0),
    ),
    split: Flag.Literals("split", ["train", "held-out"]).pipe(
      Flag.withDescription("The side that the tasks stand on"),
      Flag.optional,
    ),
    holdOut: Flag.Finite("hold-out").pipe(
      Flag.withMetavar("SHARE"),
      Flag.withDescription("Share of the problems to hold out, by their names; instead of --split"),
      Flag.optional,
    ),
    languages: Flag.String("languages").pipe(
      Flag.withMetavar("A,B,..."),
      Flag.withDescription("Languages to take; all by default"),
      Flag.optional,
    ),
    licence: Flag.String("licence").pipe(
      Flag.withMetavar("SPDX"),
      Flag.withDescription("The licence of the rows, where the set has none that is known or free"),
      Flag.optional,
    ),
    out,
    json,
  },
  Effect.fnUntraced(function* (
    { files, format, map, split, holdOut, languages, licence, out, json },
  ) {
    const data = yield* room;
    const known = data.importFormats.find((name) => name === format);
    if (known === undefined) {
      return yield* usage(`--format ${format}: expected one of ${data.importFormats.join(", ")}`);
    }
    const columns: Record<string, string> = {};
    for (const pair of map) {
      const at = pair.indexOf("=");
      if (at <= 0) return yield* usage(`--map ${pair}: expected KEY=COLUMN`);
      columns[pair.slice(0, at)] = pair.slice(at + 1);
    }
    const imported = yield* Effect.tryPromise({
      try: () =>
        data.importFiles(files, {
          format: known,
          ...(map.length === 0 ? {} : { map: columns }),
          ...optional("split", split),
          ...optional("holdOut", holdOut),
          ...optional("licence", licence),
          ...optional("languages", Option.map(languages, (text) => text.split(","))),
        }),
      catch: (error) => error instanceof RangeError ? usage(error.message) : error,
    });
    if (imported.rows === undefined) {
      yield* data.writeTasks(out, imported.tasks);
      yield* data.writePrograms(out, imported.programs);
    } else {
      yield* Effect.promise(() => mkdir(out, { recursive: true }));
      yield* data.writeJsonl(join(out, "rows.jsonl"), imported.rows);
    }
    const [tasks, programs] = [imported.tasks.length, imported.programs.length];
    const rows = imported.rows?.length;
    if (json) {
      return yield* printJson({ tasks, programs, ...(rows === undefined ? {} : { rows }), out });
    }
    yield* writeOut(
      rows === undefined
        ? `${tasks} tasks, ${programs} programs, in ${out}\n`
        : `${rows} rows, in ${join(out, "rows.jsonl")}\n`,
    );
  }),
).pipe(Command.withDescription("Tasks from a public data set"));

const verify = Command.make(
  "verify",
  {
    dir: dataFolder,
    write: Flag.Boolean("write").pipe(
      Flag.withDescription("Write the marks back to programs.jsonl"),
      Flag.withDefault(false),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ dir, write, json }) {
    const data = yield* room;
    const { Sandbox } = yield* sandbox;
    const tasks = yield* data.readTasks(dir);
    const programs = yield* data.readPrograms(dir);
    const judged = yield* data.verify(tasks, programs, { onProgress: progressLine("programs run") })
      .pipe(Effect.provide(Sandbox.layer()));
    if (write) yield* data.writePrograms(dir, judged.map(({ program }) => program));
    const failed = judged.filter(({ judgement }) => judgement.verdict !== "pass");
    const rows = failed.map(({ program, judgement }) => ({
      task: program.task,
      language: program.language,
      verdict: judgement.verdict,
    }));
    if (json) {
      yield* printJson({
        programs: judged.length,
        passed: judged.length - failed.length,
        failed: rows,
      });
    } else {
      for (const row of rows) yield* writeOut(`${row.task} ${row.language} ${row.verdict}\n`);
      yield* writeOut(`${judged.length - failed.length} of ${judged.length} programs pass\n`);
    }
    if (failed.length > 0) return yield* new ExitWith({ exit: 1 });
  }),
).pipe(Command.withDescription("Run every program against its task's tests"));

const stats = Command.make(
  "stats",
  { dir: dataFolder },
  Effect.fnUntraced(function* ({ dir }) {
    const data = yield* room;
    const counted = data.stats(yield* data.readTasks(dir), yield* data.readPrograms(dir));
    yield* writeOut(JSON.stringify(counted, null, process.stdout.isTTY ? 2 : 0) + "\n");
  }),
).pipe(Command.withDescription("Counts of tasks, families, programs and languages, as JSON"));

const leaks = Command.make(
  "leaks",
  {
    dirs: dataFolder.pipe(Argument.variadic({ min: 1 })),
    heldOutLanguages: Flag.String("held-out-languages").pipe(
      Flag.withMetavar("A,B,..."),
      Flag.withDescription("Languages that training must not hold"),
      Flag.optional,
    ),
    json,
  },
  Effect.fnUntraced(function* ({ dirs, heldOutLanguages, json }) {
    const data = yield* room;
    const tasks = yield* Effect.forEach(dirs, data.readTasks);
    const programs = yield* Effect.forEach(dirs, data.readPrograms);
    const found = data.leaks(
      tasks.flat(),
      programs.flat(),
      optional("heldOutLanguages", Option.map(heldOutLanguages, (text) => text.split(","))),
    );
    if (json) yield* printJson({ leaks: found });
    else {
      for (const leak of found) {
        yield* writeOut(
          `${leak.kind}: ${leak.what}: ${leak.train} (train), ${leak.held_out} (held-out)\n`,
        );
      }
      yield* writeOut(`${found.length} leaks in ${tasks.flat().length} tasks\n`);
    }
    if (found.length > 0) return yield* new ExitWith({ exit: 1 });
  }),
).pipe(Command.withDescription("Families and near-duplicates on both sides of the split"));

export const data = Command.make("data").pipe(
  Command.withDescription("Generate, import, verify, count and compare data sets; build IR groups"),
  Command.withSubcommands([generate, importData, verify, stats, leaks, groups, pairs, corpus]),
);

const usage = (message: string) => new UserError({ code: "bad-usage", message });

/** Programs that cannot be run here are better not drawn at all than left unverified after an hour. */
const requireRunnable = Effect.fnUntraced(function* (names: readonly string[]) {
  const missing = yield* (yield* sandbox).unavailable(names);
  if (missing.length === 0) return;
  const message =
    `programs in ${missing.join(", ")} cannot be run here; see calque languages for ` +
    "the packages to install, or name others with --languages";
  return yield* new UserError({ code: "missing-toolchain", message });
});

const chooseLevels = <L extends number>(
  text: string,
  known: readonly L[],
): Effect.Effect<readonly L[], UserError> => {
  const names = text.split(",").map(Number);
  return names.every((name) => known.includes(name as L))
    ? Effect.succeed(names as L[])
    : usage(`--levels ${text}: expected some of ${known.join(",")}`);
};

/** `{ [key]: value }`, or nothing: an absent option is an absent key. */
const optional = <K extends string, A>(
  key: K,
  value: Option.Option<A>,
): { readonly [k in K]?: A } =>
  Option.isSome(value) ? { [key]: value.value } as { readonly [k in K]?: A } : {};
