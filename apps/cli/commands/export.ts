import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { asUserError } from "../../tools/mod.ts";
import { adapter, model } from "../flags.ts";
import { modelFolder } from "../model.ts";
import { writeErr } from "../output.ts";

export const exportModel = Command.make(
  "export",
  {
    model,
    adapter,
    out: Flag.String("out").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription("The Hugging Face folder to write"),
    ),
  },
  Effect.fnUntraced(function* ({ model, adapter, out }) {
    const { scopedEngine } = yield* Effect.promise(() => import("../../tools/engine.ts"));
    const engine = yield* scopedEngine({
      model: yield* modelFolder(model),
      ...(Option.isSome(adapter) ? { adapter: adapter.value } : {}),
      train: false,
      tokens_per_pass: 64,
      context: 64,
    });
    yield* Effect.tryPromise({ try: () => engine.saveModel(out), catch: asUserError });
    yield* writeErr(
      `${out}: ${model}${Option.isSome(adapter) ? ` with ${adapter.value} merged in` : ""}\n`,
    );
  }, Effect.scoped),
).pipe(Command.withDescription("Write a model with its adapter merged in"));
