import { Effect } from "effect";
import { Random, readPrograms, readTasks } from "../data/mod.ts";
import { type JudgedSample, passAtOne } from "../evaluate/mod.ts";
import type { Engine } from "../model/mod.ts";
import { type Problem, Problems, rollOut } from "../rollout/mod.ts";
import { TrainRefused } from "./errors.ts";
import type { Evaluation } from "./events.ts";
import type { Setting } from "./learner.ts";
import { tokenizerOf } from "./sft_learner.ts";

/** Languages whose programs an evaluation judges. */
export const evaluatedLanguages = ({ rollout, evaluate }: Setting["stage"]): readonly string[] => {
  const all = [...new Set([...rollout!.sources ?? [], ...rollout!.targets])];
  return evaluate!.targets ?? all;
};

/** The held-out problems of a stage: the same at every evaluation of every run. */
export const heldOutProblems = Effect.fn("heldOutProblems")(function* (setting: Setting) {
  const { stage, context } = setting;
  const rollout = stage.rollout!;
  const evaluate = stage.evaluate!;
  const tokenizer = yield* tokenizerOf(setting);
  const folder = evaluate.tasks ?? rollout.tasks;
  const tasks = yield* readTasks(folder);
  const all = [...new Set([...rollout.sources ?? [], ...rollout.targets])];
  const problems = new Problems(
    tasks.filter(({ split }) => split === "held-out"),
    yield* readPrograms(folder),
    {
      kind: rollout.kind,
      sources: evaluate.sources ?? all,
      targets: evaluatedLanguages(stage),
      prompts: rollout.prompts,
    },
    (prompt) => tokenizer.encode(prompt).length + rollout.max_tokens <= context,
  );
  const spread = problems.spread(evaluate.problems);
  if (spread.length === 0) {
    return yield* new TrainRefused({
      code: "no-problems",
      message: `${folder}: no held-out task can be asked as ${rollout.kind} into ` +
        `${evaluatedLanguages(stage).join(", ")}; expected tasks of split "held-out"`,
    });
  }
  return spread;
});

/** Greedy once, and `samples` times at the recipe's temperature, over all problems. */
export const evaluateModel = Effect.fn("evaluateModel")(function* (
  engine: Engine,
  setting: Setting,
  problems: readonly Problem[],
  at: { readonly step: number; readonly when: Evaluation["when"] },
  onProgress: (done: number, of: number) => void,
) {
  const { stage } = setting;
  const rollout = stage.rollout!;
  const evaluate = stage.evaluate!;
  const tokenizer = yield* tokenizerOf(setting);
  const passes = [
    { temperature: 0, samples: 1 },
    { temperature: evaluate.temperature, samples: evaluate.samples },
  ];
  const of = problems.length * passes.reduce((sum, { samples }) => sum + samples, 0);
  let before = 0;
  const evaluations: Evaluation[] = [];
  for (const { temperature, samples } of passes) {
    const { rollouts } = yield* rollOut(engine, tokenizer, problems, {
      samples,
      max_tokens: rollout.max_tokens,
      temperature,
      seed: new Random(stage.seed).fork("evaluation", at.step, temperature).int(0, 2 ** 32 - 1),
      stop: setting.stop.ids,
      extract: rollout.prompts.extract,
      judge: setting.judge,
      concurrency: setting.concurrency,
      onProgress: (doing, done) => doing === "judging" && onProgress(before + done, of),
    });
    before += rollouts.length;
    const judged = rollouts.map((
      { problem, index, code, text, truncated, judgement },
    ): JudgedSample => ({
      task: problem.task.id,
      family: problem.task.family,
      source: problem.source,
      target: problem.target,
      index,
      given: problem.given,
      code: truncated ? text : code,
      verdict: judgement.verdict,
    }));
    evaluations.push({ ...at, temperature, samples: judged, score: passAtOne(judged) });
  }
  return evaluations;
});
