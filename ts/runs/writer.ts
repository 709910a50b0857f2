import { mkdir, stat } from "node:fs/promises";
import { basename } from "node:path";
import { AppendLog, cutLog, writeAside } from "./append_log.ts";
import { FolderInUse, RunFolderError } from "./errors.ts";
import { layout } from "./layout.ts";
import { takeLock } from "./lock.ts";
import { readObject, type Summary } from "./run.ts";

/** One line of `events.jsonl`. `id` rises by 1 from 1. */
export interface RunEvent {
  readonly id: number;
  readonly event: string;
  readonly at: string;
  readonly data: unknown;
}

/** The one process that writes a run folder holds one of these. */
export class RunWriter {
  readonly folder: string;
  readonly #at: ReturnType<typeof layout>;
  readonly #release: () => Promise<void>;
  readonly #events: AppendLog;
  #metrics: AppendLog;
  #rollouts: AppendLog;
  #evaluations: AppendLog;

  private constructor(
    folder: string,
    release: () => Promise<void>,
    logs: { events: AppendLog; metrics: AppendLog; rollouts: AppendLog; evaluations: AppendLog },
  ) {
    this.folder = folder;
    this.#at = layout(folder);
    this.#release = release;
    this.#events = logs.events;
    this.#metrics = logs.metrics;
    this.#rollouts = logs.rollouts;
    this.#evaluations = logs.evaluations;
  }

  /**
   * Takes the folder, a new one or one to go on with. Throws `FolderInUse` if a living process has it, and
   * `RunFolderError` if `mode` is `new` and the folder already holds a run or `resume` and it holds none.
   */
  static async open(
    folder: string,
    mode: "new" | "resume",
    birth: { readonly name: string } = { name: basename(folder) },
  ): Promise<RunWriter> {
    const at = layout(folder);
    const held = await stat(at.events).then(() => true, () => false);
    if (mode === "resume" && !held) {
      throw new RunFolderError({
        folder,
        problem:
          `holds no run to resume (no events.jsonl); expected the folder of an earlier "calque train"`,
      });
    }
    if (mode === "new" && held) {
      throw new RunFolderError({
        folder,
        problem:
          `already holds a run; name another folder with --out, or go on with --resume ${folder}`,
      });
    }
    await mkdir(at.checkpoints, { recursive: true });
    const lock = await takeLock(at.process);
    if ("heldBy" in lock) throw new FolderInUse({ folder, pid: lock.heldBy.pid, what: "its run" });
    try {
      if (await readObject(at.birth) === undefined) {
        const created_at = new Date().toISOString();
        await writeAside(at.birth, JSON.stringify({ name: birth.name, created_at }) + "\n");
      }
      return new RunWriter(folder, lock.release, {
        events: await AppendLog.open(at.events),
        metrics: await AppendLog.open(at.metrics),
        rollouts: await AppendLog.open(at.rollouts),
        evaluations: await AppendLog.open(at.evaluations),
      });
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** On disk when the promise is kept; only then may anybody be told. */
  async announce(event: string, data: unknown): Promise<RunEvent> {
    const row = { id: this.#events.rows + 1, event, at: new Date().toISOString(), data };
    await this.#events.append([row]);
    return row;
  }

  addMetrics<R extends StepRow>(rows: readonly R[]): Promise<void> {
    return this.#metrics.append(rows);
  }

  addRollouts<R extends StepRow>(rows: readonly R[]): Promise<void> {
    return this.#rollouts.append(rows);
  }

  /**
   * The samples of one evaluation, in place of those of the same one if the file has them: a run that
   * was killed while it evaluated does so again.
   */
  async putEvaluation(
    of: { readonly step: number; readonly when: string; readonly temperature: number },
    samples: readonly object[],
  ): Promise<void> {
    const { step, when, temperature } = of;
    await this.#evaluations.close();
    await cutLog(this.#at.evaluations, (row) => {
      const had = row as typeof of;
      return had.step !== step || had.when !== when || had.temperature !== temperature;
    });
    this.#evaluations = await AppendLog.open(this.#at.evaluations);
    await this.#evaluations.append(
      samples.map((sample) => ({ step, when, temperature, ...sample })),
    );
  }

  /** Drops what was written after the checkpoint of `step`: a resumed run writes it again. */
  async cutAfter(step: number): Promise<void> {
    await Promise.all([this.#metrics.close(), this.#rollouts.close(), this.#evaluations.close()]);
    const keep = (row: unknown): boolean => (row as StepRow).step <= step;
    for (const file of [this.#at.metrics, this.#at.rollouts, this.#at.evaluations]) {
      await cutLog(file, keep);
    }
    this.#metrics = await AppendLog.open(this.#at.metrics);
    this.#rollouts = await AppendLog.open(this.#at.rollouts);
    this.#evaluations = await AppendLog.open(this.#at.evaluations);
  }

  writeRecipe(recipe: unknown): Promise<void> {
    return writeAside(this.#at.recipe, JSON.stringify(recipe, null, 2) + "\n");
  }

  writeSummary(summary: Summary): Promise<void> {
    return writeAside(this.#at.summary, JSON.stringify(summary, null, 2) + "\n");
  }

  async close(): Promise<void> {
    const logs = [this.#events, this.#metrics, this.#rollouts, this.#evaluations];
    await Promise.all(logs.map((log) => log.close()));
    await this.#release();
  }
}

/** Rows of the run's files all say which step they belong to; 0 is before the first. */
export interface StepRow {
  readonly step: number;
}
