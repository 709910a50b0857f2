import { Effect, Fiber, Stream } from "effect";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Score } from "../evaluate/mod.ts";
import { findModel, type HubOptions, initModelFolder } from "../model/mod.ts";
import { locally, onEngine, rememberingJudge, remoteSandbox } from "../rollout/mod.ts";
import type { Sandbox } from "../sandbox/mod.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { checkDisk, diskOf, storing } from "./disk.ts";
import type { TrainError } from "./errors.ts";
import { estimateSeconds, measureSpeed } from "./estimate.ts";
import type { Evaluation, TrainEvent } from "./events.ts";
import { Outbox } from "./outbox.ts";
import { checkSplit } from "./gate.ts";
import type { Recipe } from "./recipe/parse.ts";
import { persist } from "./persist.ts";
import { type PreparedStage, prepareStage } from "./prepare.ts";
import { runStage, type StageResult } from "./stage.ts";

export interface TrainOptions {
  /** The run's folder: gets `checkpoints/` and `model/` or `adapter/`. */
  readonly folder: string;
  /** Go on from the newest checkpoint in `folder`; from the start if there is none. */
  readonly resume: boolean;
  /** Programs judged at once; default: the machine's processors. */
  readonly concurrency?: number;
}

/**
 * Trains as the recipe says and tells what happens. The reader paces the run: an event counts as stored
 * when the next one is asked for. Interrupting the stream stops the run after the GPU's current call; all
 * up to the last checkpoint is kept. A device that is lost is opened anew and the run goes on from there.
 */
export const train = (
  recipe: Recipe,
  options: TrainOptions,
): Stream.Stream<TrainEvent, TrainError, Sandbox> =>
  persist((resume) => attempt(recipe, { ...options, resume }), options.resume);

const attempt = (
  recipe: Recipe,
  options: TrainOptions,
): Stream.Stream<TrainEvent, TrainError, Sandbox> =>
  Stream.unwrap(Effect.gen(function* () {
    const outbox = new Outbox<TrainEvent>();
    const fiber = yield* runRecipe(recipe, options, outbox).pipe(
      Effect.ensuring(Effect.sync(() => outbox.end())),
      Effect.forkScoped,
    );
    return Stream.concat(
      Stream.fromAsyncIterable(outbox, (defect) => {
        throw defect;
      }),
      Stream.fromEffectDrain(Fiber.join(fiber)),
    );
  }));

const runRecipe = Effect.fn("train")(function* (
  recipe: Recipe,
  { folder, resume, concurrency = availableParallelism() }: TrainOptions,
  outbox: Outbox<TrainEvent>,
) {
  const scores: { before: Score | null; after: Score | null } = { before: null, after: null };
  const emit = (event: TrainEvent): Effect.Effect<void> => {
    if (event.type === "evaluation") note(scores, event.evaluation);
    return Effect.promise(() => outbox.put(event));
  };
  yield* Effect.promise(() => mkdir(join(folder, "checkpoints"), { recursive: true }));
  const checkpoint = resume
    ? yield* Effect.promise(() => readCheckpoint(join(folder, "checkpoints")))
    : undefined;
  if (resume) {
    const evaluated = yield* Effect.promise(() => readBefore(folder));
    evaluated?.forEach((evaluation) => note(scores, evaluation));
    scores.after = checkpoint?.after ?? null;
    // Without a stored first evaluation, its rows are written again: step 0 goes too.
    yield* emit({ type: "resumed", step: checkpoint?.step ?? (evaluated === undefined ? -1 : 0) });
  }

  let model = yield* startModel(
    recipe,
    folder,
    (_, done, of) =>
      outbox.hint({ type: "progress", step: 0, steps: recipe.steps, doing: "fetching", done, of }),
  );
  const prepared = yield* prepareStages(recipe, model, concurrency, outbox);
  const disk_bytes = diskOf(prepared);
  for (const plan of prepared) yield* emit({ ...planOf(plan), disk_bytes });

  const evaluating = prepared.flatMap(({ problems }, i) => problems.length === 0 ? [] : [i]);
  let estimated = resume;
  let result: StageResult | undefined;
  for (const [index, stage] of prepared.entries()) {
    if (checkpoint !== undefined && index < checkpoint.stage) {
      model = join(folder, "stages", String(index + 1));
    } else {
      result = yield* runStage(stage, {
        model,
        folder,
        checkpoint: checkpoint?.stage === index ? checkpoint : undefined,
        counted: {
          judged: result?.judged ?? checkpoint?.judged ?? 0,
          infrastructure: result?.infrastructure ?? checkpoint?.infrastructure ?? 0,
        },
        evaluate: {
          start: index === evaluating[0] && stage.stage.evaluate!.before,
          end: index === evaluating.at(-1) ? "after" : "during",
        },
        opened: Effect.fnUntraced(function* (engine) {
          if (estimated) return;
          estimated = true;
          const speed = yield* measureSpeed(engine, stage);
          yield* emit({ type: "estimate", seconds: estimateSeconds(prepared, speed) });
          yield* checkDisk(folder, disk_bytes);
        }),
        emit,
      });
      if ("model" in result.output) model = result.output.model;
    }
  }
  const { output, judged, infrastructure } = result!;
  yield* emit({
    type: "done",
    steps: recipe.steps,
    ...scores,
    infrastructure_rate: judged === 0 ? 0 : infrastructure / judged,
    ...output,
  });
});

/** All stages are looked at before the first begins: a fault in the last one costs nothing. */
const prepareStages = Effect.fnUntraced(function* (
  recipe: Recipe,
  model: string,
  concurrency: number,
  outbox: Outbox<TrainEvent>,
) {
  const local = { ask: locally, judge: rememberingJudge() };
  const judging = ({ judge }: Recipe["stages"][number]) => {
    if (judge === undefined) return local;
    const ask = remoteSandbox(judge.url);
    return { ask, judge: rememberingJudge(ask) };
  };
  yield* checkSplit(recipe.stages);
  const prepared: PreparedStage[] = [];
  let before = 0;
  for (const [index, stage] of recipe.stages.entries()) {
    const stages = recipe.stages.length;
    const tell = (event: TrainEvent): void => outbox.hint(event);
    const { steps } = recipe;
    const place = { stage, index, stages, model, before, steps, concurrency, tell };
    prepared.push(yield* prepareStage({ ...place, ...judging(stage) }));
    before += stage.steps;
  }
  return prepared;
});

const planOf = ({ index, stages, stage, memory, learner, problems }: PreparedStage) => ({
  type: "plan" as const,
  stage: index + 1,
  stages,
  method: stage.method,
  steps: stage.steps,
  memory,
  counts: {
    ...learner.counts,
    ...(problems.length > 0 ? { evaluation_problems: problems.length } : {}),
  },
});

/** The folder of the first stage's model; one from nothing is made in the run's folder, once. */
const startModel = Effect.fnUntraced(function* (
  recipe: Recipe,
  folder: string,
  onProgress: NonNullable<HubOptions["onProgress"]>,
) {
  const { model, seed } = recipe.stages[0];
  if (typeof model === "string") {
    // A name may stand for something else tomorrow, and a run that is resumed must not see that.
    const pin = join(folder, "checkpoints", "model.path");
    const pinned = yield* Effect.promise(() => readFile(pin, "utf8").catch(() => undefined));
    const found = yield* onEngine(() => findModel(pinned ?? model, { onProgress }));
    if (found !== model && pinned === undefined) {
      yield* storing(folder, () => writeFile(pin, found));
    }
    return found;
  }
  const place = join(folder, "init");
  yield* onEngine(async () => {
    // Weights are written last, so where they are the folder is whole.
    const made = await stat(join(place, "model.safetensors")).then(() => true, () => false);
    if (!made) await initModelFolder(model.init, place, seed);
  });
  return place;
});

/** The summary's scores are those at the sampling temperature. */
const note = (
  scores: { before: Score | null; after: Score | null },
  { when, temperature, score }: Evaluation,
): void => {
  if (temperature > 0 && when !== "during") scores[when] = score;
};

const readBefore = async (folder: string): Promise<readonly Evaluation[] | undefined> => {
  const file = join(folder, "checkpoints", "before.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
};
