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
    before: Flag.String("before").pipe(
      Flag.withMetavar("DIR|ORG/NAME"),
      Flag.withDescription(
        "The model before training: asked the same, so that changes and flips can be told",
      ),
      Flag.optional,
    ),
    between: Flag.String("between").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription(
        "With --probe: a model of a stage between the two (a run keeps it in stages/); may be given many times",
      ),
      Flag.atLeast(0),
    ),
    tasks: Flag.String("tasks").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription("Folder with tasks.jsonl and programs.jsonl"),
      Flag.optional,
    ),
    groups: Flag.String("groups").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription(
        "IR groups: how often a held-out group's winner is found likelier than its loser",
      ),
      Flag.optional,
    ),
    questions: Flag.Boolean("questions").pipe(
      Flag.withDescription(
        "Ask across languages which programs are equivalent: a task's own, or one that fails its tests",
      ),
      Flag.withDefault(false),
    ),
    probe: Flag.Int("probe").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription(
        "Show the programs of N held-out tasks to every layer: are they near each other across languages?",
      ),
      Flag.optional,
    ),
    kind: Flag.Literals("kind", ["translation", "generation", "verification"]).pipe(
      Flag.withDescription(
        "Translate programs, write them from their statement, or say whether one is right",
      ),
      Flag.withDefault("translation" as const),
    ),
    sources: languages("sources", "Languages of the programs that are given").pipe(Flag.optional),
    targets: languages("targets", "Languages that are asked for").pipe(Flag.optional),
    trained: languages("trained", "Languages that the model was trained on; transfer is to others")
      .pipe(Flag.withDefault([] as readonly string[])),
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
    k: Flag.String("k").pipe(
      Flag.withMetavar("N,N,..."),
      Flag.withDescription(
        "Which pass@k to tell, up to the number of samples; 1 and that by default",
      ),
      Flag.optional,
    ),
    temperature: Flag.Finite("temperature").pipe(
      Flag.withDescription("0 is greedy"),
      Flag.withDefault(0),
    ),
    maxTokens: Flag.Int("max-tokens").pipe(
      Flag.withDescription("Most new tokens of a sample"),
      Flag.withDefault(256),
    ),
    html: Flag.String("html").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Also write a page in one file, and the same as JSON beside it"),
      Flag.optional,
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
    const needy = flags.questions ? "--questions" : Option.isSome(flags.probe) ? "--probe" : "";
    if (Option.isNone(flags.tasks) && (Option.isNone(flags.groups) || needy !== "")) {
      const message = `expected --tasks DIR${
        needy === "" ? ", or --groups FILE" : ` with ${needy}`
      }`;
      return yield* new UserError({ code: "bad-usage", message });
    }
    if (flags.between.length > 0 && Option.isNone(flags.probe)) {
      return yield* new UserError({
        code: "bad-usage",
        message: "expected --probe N with --between",
      });
    }
    const samples = flags.temperature === 0 ? 1 : flags.samples;
    const k = Option.match(flags.k, {
      onNone: () => [...new Set([1, samples])],
      onSome: (text) => text.split(",").map(Number),
    });
    const strange = k.find((size) => !Number.isInteger(size) || size < 1 || size > samples);
    if (strange !== undefined) {
      const message =
        `--k ${strange}: expected integers from 1 to the ${samples} samples of a problem` +
        (flags.samples > samples ? " (greedy takes one)" : "");
      return yield* new UserError({ code: "bad-usage", message });
    }
    const { evaluateModel } = yield* Effect.promise(() => import("../asking/evaluate.ts"));
    yield* evaluateModel({
      ...flags,
      k,
      model: yield* modelFolder(flags.model),
      before: Option.isNone(flags.before) ? undefined : yield* modelFolder(flags.before.value),
      tasks: Option.getOrUndefined(flags.tasks),
      groups: Option.getOrUndefined(flags.groups),
      probe: Option.getOrUndefined(flags.probe),
      html: Option.getOrUndefined(flags.html),
      adapter: Option.getOrUndefined(flags.adapter),
      sources: Option.getOrUndefined(flags.sources),
      targets: Option.getOrUndefined(flags.targets),
      prompts: Option.getOrUndefined(flags.prompts),
    });
  }),
).pipe(
  Command.withDescription(
    "pass@k of a model on held-out tasks, every answer run; what training changed, and what it recognises",
  ),
);
