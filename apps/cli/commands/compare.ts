import { Effect } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { UserError } from "../../tools/mod.ts";
import { json, runsFolder } from "../flags.ts";
import { printJson, writeOut } from "../output.ts";

export const compare = Command.make(
  "compare",
  {
    runs: Argument.String("run").pipe(
      Argument.withDescription("Two or more runs: ids, or paths of their folders"),
      Argument.variadic({ min: 2 }),
    ),
    temperature: Flag.Finite("temperature").pipe(
      Flag.withDescription("Which of the runs' evaluations; 0 is greedy"),
      Flag.withDefault(0),
    ),
    data: runsFolder,
    json,
  },
  Effect.fnUntraced(function* ({ runs: names, temperature, data, json }) {
    if (new Set(names).size < names.length) {
      const message = `${names.join(" ")}: expected runs that differ`;
      return yield* new UserError({ code: "bad-usage", message });
    }
    const runs = yield* Effect.promise(() => import("../../../ts/runs/mod.ts"));
    const { compareTrainings, comparisonText } = yield* Effect.promise(() =>
      import("../asking/compare.ts")
    );
    const found = yield* runs.RunStore.use((store) => Effect.forEach(names, store.get)).pipe(
      Effect.provide(runs.RunStore.layer(data)),
    );
    const compared = yield* compareTrainings(found, temperature);
    if (json) return yield* printJson(compared);
    yield* writeOut(comparisonText(compared) + "\n");
  }),
).pipe(
  Command.withDescription(
    "What each run changed in every language, where two runs differ, problem by problem, and their recipes",
  ),
);
