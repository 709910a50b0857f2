import { Effect } from "effect";
import { Random, readPrograms, readTasks, type Task } from "../data/mod.ts";
import { type Judge, Problems, render } from "../rollout/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import { TrainRefused } from "./errors.ts";
import { candidatesOf, type Example, mixture } from "./mixture.ts";
import type { Data, Prompts } from "./recipe/schema.ts";
import { sequencesOf } from "./rows.ts";
import { joined, type Sequence, type SftRow } from "./sequences.ts";

export interface MixtureSetting {
  readonly prompts: Prompts;
  /** Text of the token that ends a completion. */
  readonly stop: string;
  readonly seed: number;
  readonly tokenizer: Tokenizer;
  readonly judge: Judge;
  /** Programs judged at once. */
  readonly concurrency: number;
}

/**
 * The sequences of a Parallel-SFT arm: from a task's statement to its program in one language (packed: to each
 * of its programs in turn), then the questions whether a program is right. Both count in the arm's tokens.
 */
export const readMixture = Effect.fn("readMixture")(function* (data: Data, to: MixtureSetting) {
  const { prompts, stop, seed, tokenizer } = to;
  const tasks = yield* readTasks(data.path);
  const programs = yield* readPrograms(data.path);
  const taken = programs.filter(({ verified }) => verified || data.unverified);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const code = new Map(taken.map((p) => [`${p.language} ${p.task}`, p.code]));
  const written = (task: Task, language: string) => ({
    prompt: render(prompts.generation, {
      target: language,
      statement: task.statement,
      name: task.signature.name,
    }),
    completion: code.get(`${language} ${task.id}`)! + stop,
  });
  const questions = new Problems(tasks, programs, {
    kind: "verification",
    sources: [],
    targets: data.languages!,
    prompts,
  });
  // A function of seed, task and language: all arms ask the same of a program.
  const asked = (task: Task, language: string) => {
    const random = new Random(seed).fork("verification", task.id, language);
    return random.chance(data.verification)
      ? [questions.ask(task, ["statement", language], random)]
      : [];
  };
  const tokensOf = (text: string, special = true) => tokenizer.encode(text, { special }).length;
  // Either answer is one word: which, is known only once the program has been run.
  const answer = tokensOf("yes" + stop, false);
  const cost = (task: Task, language: string): number => {
    const { prompt, completion } = written(task, language);
    return tokensOf(prompt) + tokensOf(completion, false) +
      asked(task, language).reduce((sum, each) => sum + tokensOf(each.prompt) + answer, 0);
  };
  const examples = yield* Effect.try({
    try: () =>
      mixture(
        data.mixture!,
        candidatesOf(tasks, taken, (task, { language }) => cost(task, language)),
        { languages: data.languages!, tasks: data.tasks, seed },
      ),
    catch: (error) =>
      new TrainRefused({
        code: "too-little-data",
        message: `${data.path}: ${(error as Error).message}`,
      }),
  });
  const chosen = examples.map(({ task, language }) => [byId.get(task)!, language] as const);
  const answers = yield* Effect.forEach(
    chosen.flatMap(([task, language]) => asked(task, language)),
    Effect.fnUntraced(function* ({ task, target, prompt, suspect }) {
      const { verdict } = yield* to.judge(task, target, suspect!);
      // What the judge could not run has no label.
      return verdict === "infrastructure"
        ? []
        : [{ prompt, completion: (verdict === "pass" ? "yes" : "no") + stop }];
    }),
    { concurrency: to.concurrency },
  );
  const rows: readonly SftRow[] = [
    ...chosen.map(([task, language]) => written(task, language)),
    ...answers.flat(),
  ];
  const sequences = yield* sequencesOf(data.path, rows, tokenizer, data.loss_on);
  return {
    sequences: data.mixture === "parallel-packed"
      ? packed(sequences, examples, new Random(seed).fork("packed"))
      : sequences,
    examples,
  };
});

/**
 * A task's sequences as one, in a random order of its languages, so that each program stands after the others.
 * Examples of one task are neighbours; what follows the examples stays as it is.
 */
const packed = (
  sequences: readonly Sequence[],
  examples: readonly Example[],
  random: Random,
): readonly Sequence[] => {
  const byTask = new Map<string, Sequence[]>();
  examples.forEach(({ task }, i) => {
    byTask.set(task, [...byTask.get(task) ?? [], sequences[i]!]);
  });
  return [
    ...[...byTask].map(([task, own]) => joined(random.fork(task).shuffle(own))),
    ...sequences.slice(examples.length),
  ];
};
