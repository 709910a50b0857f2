import { Effect, Schema } from "effect";
import { join } from "node:path";
import {
  leaks,
  type Program,
  programIn,
  readJsonl,
  readPrograms,
  readTasks,
  type Task,
} from "../data/mod.ts";
import type { Judge } from "../rollout/mod.ts";
import { TrainRefused } from "./errors.ts";
import { evaluatedLanguages } from "./evaluation.ts";
import type { Stage } from "./recipe/schema.ts";

/**
 * Refuses a recipe that would evaluate on what it trains on: no family, no problem of a benchmark, no
 * statement and no program, or anything close to them, may be both among the training tasks of a stage and among
 * the held-out tasks of an evaluation.
 */
export const checkSplit = Effect.fn("checkSplit")(function* (stages: readonly Stage[]) {
  const evaluated = stages.flatMap(({ evaluate, rollout }) =>
    evaluate === undefined ? [] : [evaluate.tasks ?? rollout!.tasks]
  );
  if (evaluated.length === 0) return;
  const trained = stages.flatMap(({ method, rollout, data }) =>
    method === "rl" || method === "oorl"
      ? [rollout!.tasks]
      : data?.mixture === undefined
      ? []
      : [data.path]
  );
  const tasks: Task[] = [];
  const programs: Program[] = [];
  const add = Effect.fnUntraced(function* (folders: readonly string[], split: Task["split"]) {
    for (const folder of new Set(folders)) {
      const own = (yield* readTasks(folder)).filter((task) => task.split === split);
      const ids = new Set(own.map(({ id }) => id));
      tasks.push(...own);
      programs.push(...(yield* readPrograms(folder)).filter(({ task }) => ids.has(task)));
    }
  });
  yield* add(trained, "train");
  yield* add(evaluated, "held-out");
  const [first, ...others] = leaks(tasks, programs);
  if (first === undefined) {
    const rows = stages.flatMap(({ data }) =>
      data === undefined || data.mixture !== undefined ? [] : [data.path]
    );
    const heldOut = new Set(tasks.filter((task) => task.split === "held-out").map(({ id }) => id));
    return yield* checkRows(rows, programs.filter(({ task }) => heldOut.has(task)));
  }
  return yield* new TrainRefused({
    code: "leak",
    message: `${evaluated[0]}: the held-out task ${first.held_out} would be trained on as ` +
      `${first.train} (${first.kind}: ${first.what})` +
      (others.length === 0 ? "" : `, and ${others.length} more`) +
      `; see calque data leaks ${[...new Set([...trained, ...evaluated])].join(" ")}`,
  });
});

/** Rows belong to no task: what counts is whether one holds a program that the evaluation waits for. */
const checkRows = Effect.fnUntraced(
  function* (files: readonly string[], heldOut: readonly Program[]) {
    for (const file of new Set(files)) {
      const rows = yield* readJsonl(file, Schema.Json);
      const texts = rows.flatMap((row, at) => textsIn(row).map((text) => ({ text, line: at + 1 })));
      const found = programIn(texts.map(({ text }) => text), heldOut);
      if (found === undefined) continue;
      const { task, language } = found.program;
      const { line } = texts[found.text]!;
      return yield* new TrainRefused({
        code: "leak",
        message: `${file}:${line}: holds the ${language} program of the held-out task ${task}`,
      });
    }
  },
);

const textsIn = (value: Schema.Json): readonly string[] =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
    ? Object.values(value).flatMap(textsIn)
    : [];

/**
 * Refuses a judge, or tests, that tell nothing: in each language that is rewarded or evaluated one program that is
 * known to be right must pass, and an empty one must not. Whether all of them do is what `calque data verify`
 * tells.
 */
export const checkJudge = Effect.fn("checkJudge")(function* (stage: Stage, judge: Judge) {
  const { rollout, evaluate, method } = stage;
  if (rollout === undefined) return;
  const asked = [
    ...method === "rl" || method === "oorl" ? rollout.targets : [],
    ...evaluate === undefined ? [] : evaluatedLanguages(stage),
  ];
  // A stage of GEPO alone has prompts, and no task that anybody answers.
  if (asked.length === 0) return;
  const folder = rollout.tasks;
  const tasks = new Map((yield* readTasks(folder)).map((task) => [task.id, task]));
  const programs = yield* readPrograms(folder);
  for (const language of new Set(asked)) {
    const known = programs.find((p) => p.language === language && p.verified && tasks.has(p.task));
    if (known === undefined) continue;
    const task = tasks.get(known.task)!;
    const right = yield* judge(task, language, known.code);
    const empty = yield* judge(task, language, "");
    // What the machine's own fault is, the next run may not meet.
    const fault = [right, empty].some(({ verdict }) => verdict === "infrastructure");
    if (fault || (right.verdict === "pass" && empty.verdict !== "pass")) continue;
    return yield* new TrainRefused({
      code: "references",
      message: `${join(folder, "programs.jsonl")}: ` +
        (right.verdict === "pass"
          ? `an empty program passes the tests of ${task.id} in ${language}`
          : `the program of ${task.id} in ${language} is marked verified and gets ` +
            `"${right.verdict}"`) +
        `; see calque data verify ${folder}`,
    });
  }
});
