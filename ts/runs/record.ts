import { Cause, Effect, type Exit, Stream } from "effect";
import { relative } from "node:path";
import { verdictMix } from "../evaluate/mod.ts";
import type { RolloutRow, TrainEvent } from "../train/mod.ts";
import { RunFolderError } from "./errors.ts";
import type { Summary } from "./run.ts";
import { Tally } from "./tally.ts";
import type { RunWriter } from "./writer.ts";

export interface RecordOptions {
  readonly seed: number;
  /** The temperature at which `before` and `after` of the summary are told. */
  readonly temperature: number;
  /** Told of every event once it is on disk; of progress, which is not kept, at once. */
  readonly onEvent?: (event: TrainEvent) => void;
}

/**
 * Writes what a training run tells into its folder, each event before the next is asked for. However the
 * run ends (done, failed, interrupted) its summary says so; only a killed process leaves none.
 */
export const record = Effect.fn("record")(
  function* <E, R>(
    writer: RunWriter,
    events: Stream.Stream<TrainEvent, E, R>,
    options: RecordOptions,
  ) {
    const attempt = <A>(work: () => Promise<A>): Effect.Effect<A, RunFolderError> =>
      Effect.tryPromise({
        try: work,
        catch: (error) =>
          new RunFolderError({ folder: writer.folder, problem: (error as Error).message }),
      });
    let summary: Summary | undefined;
    const tally = yield* attempt(() => Tally.open(writer.folder, options));
    yield* Stream.runForEach(events, (event) =>
      // Not to be interrupted: half a write and the last word would meet in one file.
      Effect.uninterruptible(attempt(() => write(writer, tally, event))).pipe(
        Effect.andThen(Effect.sync(() => options.onEvent?.(event))),
      )).pipe(
        Effect.onExit((exit) =>
          attempt(async () => {
            const { status, error } = endOf(exit);
            if (status !== "done") {
              await writer.announce(status, { step: tally.step, error: error ?? null });
            }
            summary = tally.summary(status, error);
            await writer.writeSummary(summary);
          })
        ),
      );
    return summary!;
  },
);

const endOf = (
  exit: Exit.Exit<unknown, unknown>,
): { readonly status: Summary["status"]; readonly error?: string } => {
  if (exit._tag === "Success") return { status: "done" };
  if (Cause.hasInterruptsOnly(exit.cause)) return { status: "interrupted" };
  const error = Cause.squash(exit.cause);
  return { status: "failed", error: error instanceof Error ? error.message : String(error) };
};

const write = async (writer: RunWriter, tally: Tally, event: TrainEvent): Promise<void> => {
  switch (event.type) {
    case "plan":
    case "device":
    case "estimate": {
      const { type, ...data } = event;
      if (type === "device") tally.device = event.device.name;
      await writer.announce(type, data);
      return;
    }
    case "done": {
      const { type, model, adapter, ...data } = event;
      tally.infrastructure_rate = event.infrastructure_rate;
      // Run folders can be moved, and where they lie is nobody's business.
      const own = (path: string): string => relative(writer.folder, path);
      await writer.announce(type, {
        ...data,
        ...(model === undefined ? {} : { model: own(model) }),
        ...(adapter === undefined ? {} : { adapter: own(adapter) }),
      });
      return;
    }
    case "resumed":
      await writer.cutAfter(event.step);
      tally.step = Math.max(0, event.step);
      await writer.announce("resumed", { step: event.step });
      return;
    case "evaluation": {
      const { samples, ...data } = event.evaluation;
      await writer.putEvaluation(data, samples);
      tally.evaluated(event.evaluation);
      await writer.announce("evaluation", data);
      return;
    }
    case "rollout":
      await writer.addRollouts(event.rows);
      tally.rolled(event.rows);
      await writer.announce("rollout", rolloutDigest(event.step, event.rows));
      return;
    case "metrics":
      await writer.addMetrics([event.metrics]);
      tally.step = event.metrics.step;
      await writer.announce("metrics", event.metrics);
      return;
    case "checkpoint":
      await writer.announce("checkpoint", { step: event.step });
      return;
    case "progress":
      return;
  }
};

/** The event log tells how a step's rollouts went; the rollouts themselves have their own file. */
const rolloutDigest = (step: number, rows: readonly RolloutRow[]): object => {
  const rewards = rows.flatMap(({ reward }) => reward === null ? [] : [reward]);
  return {
    step,
    rollouts: rows.length,
    reward: rewards.length === 0
      ? null
      : rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length,
    verdicts: verdictMix(rows.map(({ judgement }) => judgement)),
  };
};
