import { Effect } from "effect";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Score } from "../evaluate/mod.ts";
import { type Engine, openEngine } from "../model/mod.ts";
import { type EngineError, onEngine } from "../rollout/mod.ts";
import type { Sandbox } from "../sandbox/mod.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { storing } from "./disk.ts";
import { evaluateModel } from "./evaluation.ts";
import { TrainRefused } from "./errors.ts";
import type { Evaluation, TrainEvent } from "./events.ts";
import type { PreparedStage } from "./prepare.ts";

/** What a run hands to a stage when its turn comes. */
export interface StageTurn {
  /** Folder of the model that this stage starts from. */
  readonly model: string;
  /** The run's folder. */
  readonly folder: string;
  /** Where to go on, if this stage was begun. */
  readonly checkpoint: Checkpoint | undefined;
  /** Rollouts of the stages before, and those that an infrastructure error spoilt. */
  readonly counted: { readonly judged: number; readonly infrastructure: number };
  /** When the model that a stage starts from, and ends with, is evaluated. */
  readonly evaluate: { readonly start: boolean; readonly end: "during" | "after" };
  /** Told of every engine that is opened, before it trains. */
  readonly opened: (
    engine: Engine,
  ) => Effect.Effect<void, EngineError | TrainRefused, Sandbox>;
  readonly emit: (event: TrainEvent) => Effect.Effect<void>;
}

type StageRun = PreparedStage & StageTurn;

/** What a stage leaves behind. */
export interface StageResult {
  readonly output: { readonly model: string } | { readonly adapter: string };
  readonly judged: number;
  readonly infrastructure: number;
}

/** One stage: trained step by step, evaluated, saved. */
export const runStage = (prepared: PreparedStage, turn: StageTurn) =>
  Effect.acquireUseRelease(
    onEngine(() => openEngine({ ...prepared.engine, model: turn.model })),
    (engine) => trainStage(engine, { ...prepared, ...turn }),
    (engine) => Effect.promise(() => engine.close()),
  );

const trainStage = Effect.fnUntraced(function* (
  engine: Engine,
  run: StageRun,
) {
  const { stage, before, folder, setting, learner, problems } = run;
  const checkpoints = join(folder, "checkpoints");
  yield* run.emit({ type: "device", device: engine.device });
  yield* run.opened(engine);

  const evaluate = Effect.fnUntraced(function* (step: number, when: Evaluation["when"]) {
    const evaluations = yield* evaluateModel(
      engine,
      setting,
      problems.slice(0, when === "during" ? stage.evaluate!.problems_during : undefined),
      { step: before + step, when },
      (done, of) => run.tell({ type: "progress", ...at(step), doing: "evaluating", done, of }),
    );
    for (const evaluation of evaluations) yield* run.emit({ type: "evaluation", evaluation });
    return evaluations;
  });
  const at = (step: number) => ({ step: before + step, steps: run.steps });

  // While the weights are those that the stage starts from: the reference, then the first evaluation.
  if (run.engine.reference) yield* onEngine(() => engine.snapshotReference());
  yield* learner.prepare(engine);
  const begun = run.checkpoint;
  if (problems.length > 0 && run.evaluate.start) {
    yield* once(run.folder, join("checkpoints", "before.json"), () => evaluate(0, "before"));
  }
  if (begun !== undefined) yield* onEngine(() => engine.importState(begun.state));
  if (begun?.queue !== undefined) learner.queue?.restore(begun.queue);

  let { judged, infrastructure } = begun ?? run.counted;
  let best = begun?.best;
  let skipped = 0;
  for (let step = (begun?.stage_step ?? 0) + 1; step <= stage.steps; step++) {
    run.tell({ type: "progress", ...at(step), doing: "training", done: step - 1, of: stage.steps });
    const { metrics, rollouts, age = 0 } = yield* learner.step(engine, step);
    const global = before + step;
    skipped = metrics["skipped"] === 1 ? skipped + 1 : 0;
    if (rollouts !== undefined) {
      judged += rollouts.length;
      infrastructure += rollouts.filter(({ reward }) => reward === null).length;
      const rows = rollouts.map((row) => ({
        step: global,
        ...row,
        weight_version: global - 1 - age,
      }));
      yield* run.emit({ type: "rollout", step: global, rows });
    }
    yield* run.emit({ type: "metrics", metrics: { ...metrics, step: global } });

    if (skipped === MOST_SKIPPED) {
      const where = yield* onEngine(() => engine.unsound());
      return yield* new TrainRefused({
        code: "diverged",
        message: `step ${global}: the gradient was NaN or infinite in ${skipped} steps in a row, ` +
          `first in ${where.join(" or ") || "a part that GEPO added"}, which changed no weight; ` +
          "lower optimizer.lr, or go back to weights that are sound",
      });
    }
    const last = step === stage.steps;
    const { every = 0, select_on } = stage.evaluate ?? {};
    let improved = false;
    if (every > 0 && step % every === 0 && (!last || select_on !== undefined)) {
      const score = selectionScore(yield* evaluate(step, "during"), select_on);
      improved = score !== undefined && score > (best ?? -1);
      if (improved) best = score!;
    }
    const point = Effect.fnUntraced(function* (after?: Score) {
      const state = yield* onEngine(() => engine.exportState());
      const queue = learner.queue?.queue();
      return {
        step: global,
        stage: run.index,
        stage_step: step,
        judged,
        infrastructure,
        ...(best === undefined ? {} : { best }),
        ...(after === undefined ? {} : { after }),
        ...(queue === undefined ? {} : { queue }),
        state,
      } satisfies Checkpoint as Checkpoint;
    });
    if (improved) {
      const chosen = yield* point();
      yield* storing(run.folder, () => writeCheckpoint(join(checkpoints, "best"), chosen, 1));
    }
    // The last checkpoint comes after the last evaluation, so a run that is killed in between evaluates
    // again and the rows of its files beyond the checkpoint before are cut.
    let after: Score | undefined;
    if (last) {
      if (best !== undefined) yield* restoreBest(engine, checkpoints);
      if (problems.length > 0) after = sampledScore(yield* evaluate(step, run.evaluate.end));
    }
    if (last || improved || step % stage.checkpoint.every === 0) {
      const reached = yield* point(after);
      const { keep } = stage.checkpoint;
      const place = yield* storing(run.folder, () => writeCheckpoint(checkpoints, reached, keep));
      yield* run.emit({ type: "checkpoint", step: global, folder: place });
    }
  }
  run.tell({ type: "progress", ...at(stage.steps), doing: "saving", done: 0, of: 1 });
  const output = yield* saveStage(engine, run);
  return { output, judged, infrastructure } satisfies StageResult as StageResult;
});

/** Single steps may overflow; so many say that none will ever be sound again. */
const MOST_SKIPPED = 10;

const restoreBest = Effect.fnUntraced(function* (engine: Engine, checkpoints: string) {
  const best = yield* Effect.promise(() => readCheckpoint(join(checkpoints, "best")));
  if (best !== undefined) yield* onEngine(() => engine.importState(best.state));
});

const sampledScore = (evaluations: readonly Evaluation[]): Score =>
  evaluations.find(({ temperature }) => temperature > 0)!.score;

/** The mean pass@1, at the sampling temperature, into the languages that weights are selected on. */
const selectionScore = (
  evaluations: readonly Evaluation[],
  select_on: readonly string[] | undefined,
): number | undefined => {
  if (select_on === undefined) return undefined;
  const samples = evaluations.find(({ temperature }) => temperature > 0)!.samples
    .filter(({ target, verdict }) => select_on.includes(target) && verdict !== "infrastructure");
  return samples.length === 0
    ? 0
    : samples.filter(({ verdict }) => verdict === "pass").length / samples.length;
};

/** The file of an output is written once, whole: a resumed run finds it and does not evaluate again. */
const once = Effect.fnUntraced(
  function* <A, E, R>(folder: string, name: string, work: () => Effect.Effect<A, E, R>) {
    const file = join(folder, name);
    const known = yield* Effect.promise(() => stat(file).then(() => true, () => false));
    if (known) return;
    const result = yield* work();
    yield* storing(folder, async () => {
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(`${file}.writing`, JSON.stringify(result), { flush: true });
      await rename(`${file}.writing`, file);
    });
  },
);

const saveStage = Effect.fnUntraced(function* (engine: Engine, run: StageRun) {
  const last = run.index === run.stages - 1;
  const adapter = last && run.stage.lora !== undefined;
  const name = adapter ? "adapter" : last ? "model" : join("stages", String(run.index + 1));
  const place = join(run.folder, name);
  const beside = `${place}.writing`;
  yield* onEngine(async () => {
    await rm(beside, { recursive: true, force: true });
    try {
      await (adapter ? engine.saveAdapter(beside) : engine.saveModel(beside));
    } catch (error) {
      await rm(beside, { recursive: true, force: true });
      throw error;
    }
    await rm(place, { recursive: true, force: true });
    await rename(beside, place);
  });
  return adapter ? { adapter: place } : { model: place };
});
