import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { adapter, model, prompts } from "../flags.ts";
import { modelFolder } from "../model.ts";

export const translate = Command.make(
  "translate",
  {
    model,
    adapter,
    from: Flag.String("from").pipe(
      Flag.withMetavar("LANG"),
      Flag.withDescription("Language of the program"),
    ),
    to: Flag.String("to").pipe(
      Flag.withMetavar("LANG"),
      Flag.withDescription("Language to translate to"),
    ),
    file: Argument.String("file").pipe(
      Argument.withDescription("The program; stdin if not given"),
      Argument.optional,
    ),
    maxTokens: Flag.Int("max-tokens").pipe(
      Flag.withDescription("Most new tokens"),
      Flag.withDefault(512),
    ),
    prompts,
  },
  Effect.fnUntraced(function* (flags) {
    const { translateProgram } = yield* Effect.promise(() => import("../asking/translate.ts"));
    yield* translateProgram({
      ...flags,
      model: yield* modelFolder(flags.model),
      adapter: Option.getOrUndefined(flags.adapter),
      file: Option.getOrUndefined(flags.file),
      prompts: Option.getOrUndefined(flags.prompts),
    });
  }),
).pipe(Command.withDescription("Translate one program, greedily; it is not run"));
