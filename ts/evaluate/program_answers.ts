import { Effect } from "effect";
import { Random } from "../data/mod.ts";
import { editOnce, type Judge, type Problem } from "../rollout/mod.ts";
import type { AnswerTexts } from "./answers.ts";

/** The answers to a translation, and what was to be translated. */
export interface ProgramQuestion extends AnswerTexts {
  readonly task: string;
  readonly source: string;
  readonly target: string;
  readonly given: string;
}

export interface ProgramAnswersOptions {
  readonly stop: string;
  readonly judge: Judge;
  readonly seed: number;
  /** Edits that are tried for each problem; those that still pass are dropped. */
  readonly edits: number;
  /** Programs judged at once. */
  readonly concurrency: number;
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Are these two equivalent? Asked across languages, without asking for a word: the prompt is that of a
 * translation, the winner is the task's own program in the other language, losers are that program with
 * one edit that its tests refute (`edited`), and the program of another task with a like signature that
 * they refute (`other`). Problems without a program in the target language, or without a loser, are
 * left out.
 */
export const programAnswers = Effect.fn("programAnswers")(function* (
  problems: readonly Problem[],
  options: ProgramAnswersOptions,
) {
  let done = 0;
  const asked = yield* Effect.forEach(
    problems,
    Effect.fnUntraced(function* (problem) {
      const { task, source, target, prompt } = problem;
      const right = programIn(problem);
      const random = new Random(options.seed).fork("questions", task.id, source, target);
      const suspects = right === undefined ? [] : [
        ...edits(right, random, options.edits).map((text) => ({ text, tier: "edited" })),
        ...others(problem, problems, random).map((text) => ({ text, tier: "other" })),
      ];
      const losers = yield* Effect.filter(suspects, ({ text }) =>
        Effect.map(
          options.judge(task, target, text),
          ({ verdict }) => verdict !== "pass" && verdict !== "infrastructure",
        ));
      options.onProgress?.(++done, problems.length);
      if (right === undefined || losers.length === 0) return [];
      return [{
        id: `${task.id} ${source}->${target}`,
        task: task.id,
        source,
        target,
        given: problem.given,
        prompt,
        stop: options.stop,
        answers: [
          { text: right, winner: true },
          ...losers.map((loser) => ({ ...loser, winner: false })),
        ],
      }];
    }),
    { concurrency: options.concurrency },
  );
  return asked.flat() as readonly ProgramQuestion[];
});

const programIn = ({ references, target }: Problem): string | undefined =>
  references.find(({ language }) => language === target)?.code;

const edits = (right: string, random: Random, tries: number): string[] => {
  const edited = Array.from({ length: tries }, () => editOnce(right, random));
  return [...new Set(edited)].filter((text) => text !== undefined && text !== right) as string[];
};

/** One program of another task that the tests can be run on. */
const others = (problem: Problem, problems: readonly Problem[], random: Random): string[] => {
  const signature = JSON.stringify(problem.task.signature);
  const alike = problems.flatMap((other) => {
    const code = other.target === problem.target ? programIn(other) : undefined;
    return code !== undefined && other.task.id !== problem.task.id &&
        JSON.stringify(other.task.signature) === signature
      ? [code]
      : [];
  });
  return alike.length === 0 ? [] : [random.pick(alike)];
};
