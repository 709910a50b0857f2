import { Effect } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { runsFolder } from "../flags.ts";

export const report = Command.make(
  "report",
  {
    runs: Argument.String("run").pipe(
      Argument.withDescription("A run's id, or the path of its folder; several share a matrix"),
      Argument.variadic({ min: 1 }),
    ),
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE.html"),
      Flag.withDescription("The page; the same as JSON is written beside it"),
    ),
    data: runsFolder,
  },
  Effect.fnUntraced(function* ({ runs: names, out, data }) {
    const runs = yield* Effect.promise(() => import("../../../ts/runs/mod.ts"));
    const { runsReport } = yield* Effect.promise(() => import("../asking/runs_report.ts"));
    const { writeReport } = yield* Effect.promise(() => import("../asking/report_file.ts"));
    const found = yield* runs.RunStore.use((store) => Effect.forEach(names, store.get)).pipe(
      Effect.provide(runs.RunStore.layer(data)),
    );
    yield* writeReport(out, yield* runsReport(found));
  }),
).pipe(
  Command.withDescription(
    "Runs as a page in one file: charts, transfer, programs before and after",
  ),
);
