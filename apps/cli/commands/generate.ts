import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { UserError } from "../../tools/mod.ts";
import { adapter, batch, context, model, seed } from "../flags.ts";
import { modelFolder } from "../model.ts";

export const generate = Command.make(
  "generate",
  {
    model,
    adapter,
    context,
    n: Flag.Int("n").pipe(
      Flag.withDescription("Samples of each prompt"),
      Flag.withDefault(1),
    ),
    maxTokens: Flag.Int("max-tokens").pipe(
      Flag.withDescription("Most new tokens of a sample"),
      Flag.withDefault(256),
    ),
    temperature: Flag.Finite("temperature").pipe(
      Flag.withDescription("0 is greedy"),
      Flag.withDefault(1),
    ),
    topK: Flag.Int("top-k").pipe(
      Flag.withDescription("Sample among the K likeliest tokens"),
      Flag.optional,
    ),
    topP: Flag.Finite("top-p").pipe(
      Flag.withDescription("Sample among the likeliest tokens whose share is P"),
      Flag.optional,
    ),
    stop: Flag.String("stop").pipe(
      Flag.withMetavar("TEXT"),
      Flag.withDescription("A text that ends a completion; may be given many times"),
      Flag.atLeast(0),
    ),
    seed,
    batch,
  },
  Effect.fnUntraced(function* (flags) {
    if (!flags.batch) {
      const message = "expected --batch: prompts are lines of JSON on stdin";
      return yield* new UserError({ code: "bad-usage", message });
    }
    yield* between("--n", flags.n, 1, 1024);
    yield* between("--max-tokens", flags.maxTokens, 1, 1 << 20);
    yield* between("--temperature", flags.temperature, 0, 100);
    if (Option.isSome(flags.topP)) yield* between("--top-p", flags.topP.value, 0, 1);
    if (Option.isSome(flags.topK)) yield* between("--top-k", flags.topK.value, 0, 1 << 20);
    const { openGenerate } = yield* Effect.promise(() => import("../../tools/generate.ts"));
    const { contextOf } = yield* Effect.promise(() => import("../../tools/engine.ts"));
    const { runBatch } = yield* Effect.promise(() => import("../batch.ts"));
    const model = yield* modelFolder(flags.model);
    const tool = yield* openGenerate({
      model,
      ...(Option.isSome(flags.adapter) ? { adapter: flags.adapter.value } : {}),
      context: yield* contextOf(model, Option.getOrUndefined(flags.context)),
      samples: flags.n,
      max_tokens: flags.maxTokens,
      temperature: flags.temperature,
      ...(Option.isSome(flags.topK) ? { top_k: flags.topK.value } : {}),
      ...(Option.isSome(flags.topP) ? { top_p: flags.topP.value } : {}),
      seed: flags.seed,
      stop: flags.stop,
    });
    yield* runBatch(tool);
  }, Effect.scoped),
).pipe(Command.withDescription("Completions of prompts, with the log-probability of every token"));

const between = (flag: string, value: number, low: number, high: number) =>
  value >= low && value <= high ? Effect.void : new UserError({
    code: "bad-usage",
    message: `${flag} ${value}: expected ${low} to ${high}`,
  });
