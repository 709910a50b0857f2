import { Effect } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { json, runsFolder } from "../flags.ts";
import { printJson, writeOut } from "../output.ts";

export const replay = Command.make(
  "replay",
  {
    run: Argument.String("run").pipe(
      Argument.withDescription("A run's id, or the path of its folder"),
    ),
    step: Flag.Int("step").pipe(Flag.withDescription("Step of the rollout, from 1")),
    sample: Flag.Int("sample").pipe(
      Flag.withDescription("Which rollout of the step, from 0, in the order of rollouts.jsonl"),
      Flag.withDefault(0),
    ),
    data: runsFolder,
    json,
  },
  Effect.fnUntraced(function* ({ run: name, step, sample, data, json }) {
    const runs = yield* Effect.promise(() => import("../../../ts/runs/mod.ts"));
    const { replayRollout, replayText } = yield* Effect.promise(() =>
      import("../asking/replay.ts")
    );
    const run = yield* runs.RunStore.use((store) => store.get(name)).pipe(
      Effect.provide(runs.RunStore.layer(data)),
    );
    const told = yield* replayRollout(run, step, sample);
    if (json) return yield* printJson(told);
    yield* writeOut(replayText(told) + "\n");
  }),
).pipe(
  Command.withDescription(
    "Judge a rollout again, offline, and walk from its verdict through reward and advantage to each term of the loss",
  ),
);
