import { Effect, Option } from "effect";
import { Command } from "effect/cli";
import { UserError } from "../../tools/mod.ts";
import { adapter, batch, context, model } from "../flags.ts";
import { modelFolder } from "../model.ts";

export const score = Command.make(
  "score",
  { model, adapter, context, batch },
  Effect.fnUntraced(function* ({ model, adapter, context, batch }) {
    if (!batch) {
      const message = "expected --batch: requests are lines of JSON on stdin";
      return yield* new UserError({ code: "bad-usage", message });
    }
    const { openScore } = yield* Effect.promise(() => import("../../tools/score.ts"));
    const { contextOf } = yield* Effect.promise(() => import("../../tools/engine.ts"));
    const { runBatch } = yield* Effect.promise(() => import("../batch.ts"));
    const folder = yield* modelFolder(model);
    const tool = yield* openScore({
      model: folder,
      ...(Option.isSome(adapter) ? { adapter: adapter.value } : {}),
      context: yield* contextOf(folder, Option.getOrUndefined(context)),
    });
    yield* runBatch(tool);
  }, Effect.scoped),
).pipe(Command.withDescription("Log-probabilities of given tokens"));
