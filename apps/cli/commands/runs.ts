import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { writeFile } from "node:fs/promises";
import type { Run } from "../../../ts/runs/mod.ts";
import { asUserError, UserError } from "../../tools/mod.ts";
import { json, runsFolder } from "../flags.ts";
import { printJson, writeOut } from "../output.ts";

const rooms = Effect.promise(async () => ({
  runs: await import("../../../ts/runs/mod.ts"),
  evaluate: await import("../../../ts/evaluate/mod.ts"),
}));

const runArgument = Argument.String("run").pipe(
  Argument.withDescription("A run's id, or the path of its folder"),
);

const list = Command.make(
  "list",
  {
    data: runsFolder,
    status: Flag.Literals("status", [
      "queued",
      "running",
      "paused",
      "done",
      "interrupted",
      "failed",
      "cancelled",
    ]).pipe(Flag.withDescription("Only runs in this state"), Flag.optional),
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("How many, 1 to 100"),
      Flag.withDefault(20),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ data, status, limit, json }) {
    const { runs, evaluate } = yield* rooms;
    const page = yield* runs.RunStore.use((store) =>
      store.list({ limit, status: Option.getOrUndefined(status) })
    ).pipe(Effect.provide(runs.RunStore.layer(data)));
    if (json) return yield* printJson(page);
    if (page.data.length === 0) return yield* writeOut(`no runs in ${data}\n`);
    const columns = [
      { title: "run" },
      { title: "status" },
      { title: "step", align: "right" as const },
      { title: "before, %" },
      { title: "after, %" },
    ];
    const share = (score: Run["before"]): string =>
      score === null ? "" : evaluate.formatShare(score);
    const rows = page.data.map((run) => [
      run.id,
      run.status,
      run.steps === null ? String(run.step) : `${run.step}/${run.steps}`,
      share(run.before),
      share(run.after),
    ]);
    yield* writeOut(evaluate.renderTable(columns, rows) + "\n");
  }),
).pipe(Command.withDescription("The runs, newest first"));

const show = Command.make(
  "show",
  { run: runArgument, data: runsFolder, json },
  Effect.fnUntraced(function* ({ run: name, data, json }) {
    const { runs, evaluate } = yield* rooms;
    const run = yield* runs.RunStore.use((store) => store.get(name)).pipe(
      Effect.provide(runs.RunStore.layer(data)),
    );
    if (json) return yield* printJson(run);
    const { before, after, ...facts } = run;
    const lines = Object.entries(facts).filter(([, value]) => value !== null)
      .map(([key, value]) => `${key.padEnd(12)}${value}`);
    const pairs = [...new Set([before, after].flatMap((score) => Object.keys(score?.pairs ?? {})))];
    const table = before === null && after === null ? [] : [
      "",
      evaluate.renderTable(
        [{ title: "pass@1, %" }, { title: "before" }, { title: "after" }],
        [["all", before, after] as const]
          .concat(
            pairs.map((pair) =>
              [pair, at(before, pair), at(after, pair)] as unknown as [
                "all",
                typeof before,
                typeof after,
              ]
            ),
          )
          .map(([title, was, is]) => [
            title,
            was === null ? "" : evaluate.formatShare(was),
            is === null ? "" : evaluate.formatShare(is),
          ]),
      ),
    ];
    yield* writeOut([...lines, ...table].join("\n") + "\n");
  }),
).pipe(Command.withDescription("One run: its state, its figures, its folder"));

const compare = Command.make(
  "compare",
  {
    runs: Argument.String("run").pipe(
      Argument.withDescription("Two or more runs: ids, or paths of their folders"),
      Argument.variadic({ min: 2 }),
    ),
    data: runsFolder,
    json,
  },
  Effect.fnUntraced(function* ({ runs: names, data, json }) {
    const { runs, evaluate } = yield* rooms;
    const found = yield* runs.RunStore.use((store) => Effect.forEach(names, store.get)).pipe(
      Effect.provide(runs.RunStore.layer(data)),
    );
    const comparison = yield* Effect.promise(() => runs.compareRuns(found));
    if (json) return yield* printJson(comparison);
    const cell = (score: Run["before"]): string =>
      score === null ? "" : evaluate.formatShare(score);
    const table = evaluate.renderTable(
      [{ title: "" }, ...found.map((run) => ({ title: run.id }))],
      [
        ["status", ...found.map((run) => run.status)],
        ["steps", ...found.map((run) => String(run.step))],
        ["before, %", ...found.map((run) => cell(run.before))],
        ["after, %", ...found.map((run) => cell(run.after))],
        ...comparison.differences.map(({ key, values }) => [
          key,
          ...values.map((value) => JSON.stringify(value)),
        ]),
      ],
    );
    yield* writeOut(table + "\n");
  }),
).pipe(Command.withDescription("Runs beside each other: results, and where their recipes differ"));

const exportRows = Command.make(
  "export",
  {
    run: runArgument,
    data: runsFolder,
    what: Flag.Literals("what", ["metrics", "rollouts", "evaluations", "events"]).pipe(
      Flag.withDescription("Which rows"),
      Flag.withDefault("metrics" as const),
    ),
    format: Flag.Literals("format", ["csv", "jsonl"]).pipe(Flag.withDefault("csv" as const)),
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Where to; stdout if not given"),
      Flag.optional,
    ),
  },
  Effect.fnUntraced(function* ({ run: name, data, what, format, out }) {
    const { runs } = yield* rooms;
    const run = yield* runs.RunStore.use((store) => store.get(name)).pipe(
      Effect.provide(runs.RunStore.layer(data)),
    );
    const rows = yield* Effect.promise(() => runs.readRows(runs.layout(run.folder)[what]));
    const text = format === "csv" ? runs.toCsv(rows) : runs.toJsonl(rows);
    if (Option.isNone(out)) return yield* writeOut(text);
    const file = out.value;
    yield* Effect.tryPromise({
      try: () => writeFile(file, text),
      catch: (error) => new UserError({ code: "bad-file", message: asUserError(error).message }),
    });
  }),
).pipe(Command.withDescription("A run's rows as CSV or JSONL"));

export const runs = Command.make("runs").pipe(
  Command.withDescription("List, show, compare and export runs"),
  Command.withSubcommands([list, show, compare, exportRows]),
);

const at = (score: Run["before"], pair: string): Run["before"] | null => {
  const share = score?.pairs[pair];
  return share === undefined ? null : { ...share, pairs: {} };
};
