import { Effect } from "effect";
import { readPrograms, readTasks } from "../data/mod.ts";
import { render } from "../rollout/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import { TrainRefused } from "./errors.ts";
import { candidatesOf, mixture } from "./mixture.ts";
import type { Data, Prompts } from "./recipe/schema.ts";
import type { Sequence } from "./sequences.ts";
import { sequencesOf } from "./rows.ts";

/** The sequences of a Parallel-SFT arm: from a task's statement to its program in one language. */
export const readMixture = Effect.fn("readMixture")(function* (
  data: Data,
  prompts: Prompts,
  stop: string,
  seed: number,
  tokenizer: Tokenizer,
) {
  const tasks = yield* readTasks(data.path);
  const programs = yield* readPrograms(data.path);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const code = new Map(programs.map((p) => [`${p.language} ${p.task}`, p.code]));
  const row = (task: string, language: string) => ({
    prompt: render(prompts.generation, {
      target: language,
      statement: byId.get(task)!.statement,
      name: byId.get(task)!.signature.name,
    }),
    completion: code.get(`${language} ${task}`)! + stop,
  });
  const cost = ({ prompt, completion }: { prompt: string; completion: string }): number =>
    tokenizer.encode(prompt).length + tokenizer.encode(completion, { special: false }).length;
  const examples = yield* Effect.try({
    try: () =>
      mixture(
        data.mixture!,
        candidatesOf(tasks, programs, (task, { language }) => cost(row(task.id, language))),
        { languages: data.languages!, tasks: data.tasks, seed },
      ),
    catch: (error) =>
      new TrainRefused({
        code: "too-little-data",
        message: `${data.path}: ${(error as Error).message}`,
      }),
  });
  const rows = examples.map(({ task, language }) => row(task, language));
  const sequences: readonly Sequence[] = yield* sequencesOf(
    data.path,
    rows,
    tokenizer,
    data.loss_on,
  );
  return { sequences, examples };
});
