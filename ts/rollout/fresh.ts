import { Effect } from "effect";
import { judgeRequest, type Program, type Random, type Task } from "../data/mod.ts";
import type { Sandbox } from "../sandbox/mod.ts";
import { drawLike } from "./draw_like.ts";
import type { Ask } from "./judge.ts";
import type { Problem } from "./problem.ts";

/** Arguments of a call, and its result. */
export type Case = NonNullable<Task["cases"]>[number];

/** New tests for a problem; the same ones whenever it is asked of the same problem. */
export type Fresh = (problem: Problem) => Effect.Effect<readonly Case[], never, Sandbox>;

/** Drawn for each case that is wanted: what the right programs do not answer alike is left out. */
const SPARE = 2;

/**
 * At most `count` new cases: the task's right programs answer arguments drawn like those of its tests, so
 * that a program with a table of the tests' answers does not pass. A case counts where all of them give
 * one result; where they differ or fail, the arguments are none that the task means. Tasks that are not
 * tested by calls have no new cases.
 */
export const freshCases = (ask: Ask, count: number, random: Random): Fresh =>
  Effect.fnUntraced(function* ({ task, references }) {
    if (task.cases === undefined || references.length === 0) return [];
    const drawn = drawArguments(task.cases, SPARE * count, random.fork(task.id));
    const answers = yield* Effect.forEach(
      references,
      (program) => answersOf(ask, task, program, drawn),
    );
    return drawn.flatMap((arguments_, i): Case[] => {
      const [first, ...others] = answers.map((of) => of[i]);
      if (first === undefined || others.some((other) => other !== first)) return [];
      return [{ arguments: arguments_, result: JSON.parse(first) }];
    }).slice(0, count);
  });

const drawArguments = (
  cases: NonNullable<Task["cases"]>,
  count: number,
  random: Random,
): Case["arguments"][] => {
  const known = new Set(cases.map((each) => JSON.stringify(each.arguments)));
  const parameters = cases[0].arguments.map((_, i) => cases.map((each) => each.arguments[i]!));
  const drawn: Case["arguments"][] = [];
  for (let i = 0; i < count; i++) {
    const arguments_ = parameters.map((values) => drawLike(values, random));
    const key = JSON.stringify(arguments_);
    if (!known.has(key)) drawn.push(arguments_);
    known.add(key);
  }
  return drawn;
};

/**
 * What a program answers, as JSON; nothing where it fails. It is judged against a result that no function
 * has, and the evidence tells its own.
 */
const answersOf = Effect.fnUntraced(function* (
  ask: Ask,
  task: Task,
  { language, code }: Pick<Program, "language" | "code">,
  all: readonly Case["arguments"][],
) {
  const cases = all.map((arguments_) => ({ arguments: arguments_, result: NO_RESULT }));
  if (cases.length === 0) return [];
  const judgement = yield* ask({
    ...judgeRequest(task, language, code),
    cases,
    stop_at_first: false,
  });
  return judgement.tests.map(({ verdict, stdout }) =>
    verdict === "wrong-answer" && stdout !== undefined && exact(stdout) ? stdout : undefined
  );
});

const NO_RESULT = "no function answers this";

/** Whole, and with no number that loses digits on the way. */
const exact = (json: string): boolean => {
  try {
    return JSON.stringify(JSON.parse(json)) === json;
  } catch {
    return false;
  }
};
