import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { UserError } from "../../tools/mod.ts";
import { adapter, json, languages, model, prompts, seed } from "../flags.ts";
import { modelFolder } from "../model.ts";

export const evaluate = Command.make(
  "evaluate",
  {
    model,
    adapter,
    tasks: Flag.String("tasks").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription("Folder with tasks.jsonl and programs.jsonl"),
    ),
    kind: Flag.Literals("kind", ["translation", "generation"]).pipe(
      Flag.withDescription("Translate programs, or write them from their statement"),
      Flag.withDefault("translation" as const),
    ),
    sources: languages("sources", "Languages of the programs that are given").pipe(Flag.optional),
    targets: languages("targets", "Languages that are asked for").pipe(Flag.optional),
    split: Flag.Literals("split", ["held-out", "train", "all"]).pipe(
      Flag.withDescription("Which side of the split"),
      Flag.withDefault("held-out" as const),
    ),
    problems: Flag.Int("problems").pipe(
      Flag.withDescription("How many tasks, each in one pair of languages"),
      Flag.withDefault(200),
    ),
    samples: Flag.Int("samples").pipe(
      Flag.withDescription("Samples of each problem; greedy takes one"),
      Flag.withDefault(1),
    ),
    temperature: Flag.Finite("temperature").pipe(
      Flag.withDescription("0 is greedy"),
      Flag.withDefault(0),
    ),
    maxTokens: Flag.Int("max-tokens").pipe(
      Flag.withDescription("Most new tokens of a sample"),
      Flag.withDefault(256),
    ),
    prompts,
    seed,
    json,
  },
  Effect.fnUntraced(function* (flags) {
    for (
      const [name, value] of [["problems", flags.problems], ["samples", flags.samples]] as const
    ) {
      if (value < 1) {
        const message = `--${name} ${value}: expected at least 1`;
        return yield* new UserError({ code: "bad-usage", message });
      }
    }
    const { evaluateModel } = yield* Effect.promise(() => import("../asking/evaluate.ts"));
    yield* evaluateModel({
      ...flags,
      model: yield* modelFolder(flags.model),
      adapter: Option.getOrUndefined(flags.adapter),
      sources: Option.getOrUndefined(flags.sources),
      targets: Option.getOrUndefined(flags.targets),
      prompts: Option.getOrUndefined(flags.prompts),
    });
  }),
).pipe(
  Command.withDescription(
    "pass@1 of a model on held-out tasks, every answer run against its tests",
  ),
);
