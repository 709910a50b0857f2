import { Effect } from "effect";
import { Command, Flag } from "effect/cli";
import { UserError } from "../../tools/mod.ts";
import { batch } from "../flags.ts";

export const judge = Command.make(
  "judge",
  {
    batch,
    concurrency: Flag.Int("concurrency").pipe(
      Flag.withDescription("Programs run at once; one a processor core by default"),
      Flag.withDefault(0),
    ),
  },
  Effect.fnUntraced(function* ({ batch, concurrency }) {
    if (!batch) {
      const message = "expected --batch: requests are lines of JSON on stdin";
      return yield* new UserError({ code: "bad-usage", message });
    }
    const { openJudge } = yield* Effect.promise(() => import("../../tools/judge.ts"));
    const { runBatch } = yield* Effect.promise(() => import("../batch.ts"));
    yield* Effect.scoped(Effect.flatMap(openJudge(concurrency), (tool) => runBatch(tool)));
  }),
).pipe(
  Command.withDescription("Run untrusted programs against their tests, in the sandbox"),
  Command.withExamples([{
    command: `echo '{"id":1,"language":"python","code":"print(1)","tests":[{"stdout":"1"}]}' | ` +
      "calque judge --batch",
    description: "One program, one test",
  }]),
);
