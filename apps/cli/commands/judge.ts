import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { UserError } from "../../tools/mod.ts";
import { batch, unsafeNoIsolation } from "../flags.ts";

export const judge = Command.make(
  "judge",
  {
    batch,
    concurrency: Flag.Int("concurrency").pipe(
      Flag.withDescription("Programs run at once; one a processor core by default"),
      Flag.withDefault(0),
    ),
    protocol: Flag.Literals("protocol", ["calque", "agnostics"]).pipe(
      Flag.withDescription(
        "What lines look like; agnostics: {code, test_cases: [{input, output}], timeout_s} to {result}",
      ),
      Flag.withDefault("calque" as const),
    ),
    language: Flag.String("language").pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription("The language of all programs, which the protocol agnostics leaves out"),
      Flag.optional,
    ),
    unsafeNoIsolation,
  },
  Effect.fnUntraced(function* ({ batch, concurrency, protocol, language, unsafeNoIsolation }) {
    const agnostics = protocol === "agnostics";
    if (!batch && !agnostics) {
      const message = "expected --batch: requests are lines of JSON on stdin";
      return yield* new UserError({ code: "bad-usage", message });
    }
    if (agnostics !== Option.isSome(language)) {
      const message = agnostics
        ? "expected --language with --protocol agnostics, whose requests name none"
        : "expected --language only with --protocol agnostics";
      return yield* new UserError({ code: "bad-usage", message });
    }
    const { openJudge } = yield* Effect.promise(() => import("../../tools/judge.ts"));
    const opened = openJudge(concurrency, { unsafe_no_isolation: unsafeNoIsolation });
    if (Option.isSome(language)) {
      const { runAgnostics } = yield* Effect.promise(() => import("../agnostics.ts"));
      const run = Effect.flatMap(opened, (tool) => runAgnostics(tool, language.value));
      return yield* Effect.scoped(run);
    }
    const { runBatch } = yield* Effect.promise(() => import("../batch.ts"));
    yield* Effect.scoped(Effect.flatMap(opened, (tool) => runBatch(tool)));
  }),
).pipe(
  Command.withDescription("Run untrusted programs against their tests, in the sandbox"),
  Command.withExamples([{
    command: `echo '{"id":1,"language":"python","code":"print(1)","tests":[{"stdout":"1"}]}' | ` +
      "calque judge --batch",
    description: "One program, one test",
  }]),
);
