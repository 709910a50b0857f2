import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { UserError } from "../../tools/mod.ts";
import { json } from "../flags.ts";

export const train = Command.make(
  "train",
  {
    recipe: Argument.String("recipe").pipe(
      Argument.withDescription("A recipe, such as recipes/quickstart.json"),
      Argument.optional,
    ),
    set: Flag.String("set").pipe(
      Flag.withMetavar("PATH.TO.KEY=VALUE"),
      Flag.withDescription("Another value for a key of the recipe; may be given many times"),
      Flag.atLeast(0),
    ),
    out: Flag.String("out").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription("The run's folder; a new one under runs/ by default"),
      Flag.optional,
    ),
    resume: Flag.String("resume").pipe(
      Flag.withMetavar("RUN"),
      Flag.withDescription("Go on with an interrupted run, from its last checkpoint"),
      Flag.optional,
    ),
    plan: Flag.Boolean("plan").pipe(
      Flag.withDescription("Say what the run needs and would do, and stop there"),
      Flag.withDefault(false),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ recipe, set, out, resume, plan, json }) {
    const usage = (message: string) => new UserError({ code: "bad-usage", message });
    const { resumeRun, startRun } = yield* Effect.promise(() => import("../training/run.ts"));
    if (Option.isSome(resume)) {
      if (Option.isSome(recipe) || set.length > 0 || Option.isSome(out) || plan) {
        return yield* usage(
          "--resume: expected nothing beside it; the run has its recipe and folder",
        );
      }
      return yield* resumeRun(resume.value, { json });
    }
    if (Option.isNone(recipe)) return yield* usage("expected a recipe, or --resume RUN");
    yield* startRun(recipe.value, { set, out: Option.getOrUndefined(out), plan, json });
  }),
).pipe(
  Command.withDescription("Train a model as a recipe says"),
  Command.withExamples([
    { command: "calque train recipes/quickstart.json", description: "The first run" },
    {
      command: `calque train recipes/quickstart.json --set steps=2 --set 'rollout.targets=["lua"]'`,
      description: "The same with other values",
    },
    { command: "calque train --resume runs/RUN", description: "After Ctrl-C or a crash" },
  ]),
);
