import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { UserError } from "../../tools/mod.ts";
import { dataFolder, json, languages } from "../flags.ts";
import { printJson, writeOut } from "../output.ts";

/** `calque data pairs`: what supervised translation trains on, to compare with RL on the same tasks. */
export const pairs = Command.make(
  "pairs",
  {
    dir: dataFolder,
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription('The file that gets the rows, {"prompt", "completion"}'),
    ),
    sources: languages("sources", "Languages of the programs that are given").pipe(Flag.optional),
    targets: languages("targets", "Languages of the answers").pipe(Flag.optional),
    prompts: Flag.String("prompts").pipe(
      Flag.withMetavar("RECIPE"),
      Flag.withDescription("The recipe whose prompts are filled in"),
    ),
    json,
  },
  Effect.fnUntraced(function* ({ dir, out, json, ...flags }) {
    const data = yield* Effect.promise(() => import("../../../ts/data/mod.ts"));
    const { Problems } = yield* Effect.promise(() => import("../../../ts/rollout/mod.ts"));
    const { promptsOf } = yield* Effect.promise(() => import("../asking/prompts.ts"));
    const prompts = yield* promptsOf(dir, flags.prompts);
    const tasks = (yield* data.readTasks(dir)).filter(({ split }) => split === "train");
    const programs = (yield* data.readPrograms(dir)).filter(({ verified }) => verified);
    const known = [...new Set(programs.map(({ language }) => language))].sort();
    const answers = new Map(programs.map((p) => [`${p.language} ${p.task}`, p.code]));
    const problems = new Problems(tasks, programs, {
      kind: "translation",
      sources: Option.getOrElse(flags.sources, () => known),
      targets: Option.getOrElse(flags.targets, () => known),
      prompts,
    });
    const rows = problems.tasks.flatMap((task) =>
      problems.pairs(task).flatMap((pair) => {
        const answer = answers.get(`${pair[1]} ${task.id}`);
        return answer === undefined ? [] : [{
          prompt: problems.ask(task, pair).prompt,
          completion: answer + (prompts.stop ?? ""),
        }];
      })
    );
    if (rows.length === 0) {
      const message =
        `${dir}: no training task has verified programs in a source and a target language`;
      return yield* new UserError({ code: "bad-data", message });
    }
    yield* Effect.promise(() => data.writeFileAtomic(out, data.formatJsonl(rows)));
    if (json) return yield* printJson({ rows: rows.length, tasks: problems.tasks.length, out });
    yield* writeOut(`${rows.length} rows of ${problems.tasks.length} tasks, in ${out}\n`);
  }),
).pipe(
  Command.withDescription("Verified translations of the training tasks as rows for sft"),
);
