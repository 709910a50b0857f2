import { Effect } from "effect";
import { existsSync } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { layout, readObject, readRows, type Run, RunStore, toCsv } from "../../../ts/runs/mod.ts";
import { resolveRequest } from "../../tools/recipe.ts";
import { UserError } from "../../tools/mod.ts";
import { type ModelShelf, tunedName } from "../models.ts";
import { RunQueue } from "../queue.ts";
import type { RunServices } from "../services.ts";
import type { FileShelf } from "./files.ts";
import { decodeGrader } from "./graders.ts";
import { prepareData } from "./job_data.ts";
import { type Hyperparameters, recipeOf } from "./job_recipe.ts";
import type { JobRequest } from "./job_request.ts";

/** `job.json` of a run that is a fine-tuning job: what was asked, and what `auto` became. */
interface JobFile {
  readonly request: JobRequest;
  readonly hyperparameters: Hyperparameters;
}

/** Fine-tuning jobs: each is a run, and its id the run's. */
export class Jobs {
  readonly #services: RunServices;
  readonly #files: FileShelf;
  readonly #models: ModelShelf;

  constructor(services: RunServices, files: FileShelf, models: ModelShelf) {
    this.#services = services;
    this.#files = files;
    this.#models = models;
  }

  async create(request: JobRequest): Promise<object> {
    const base = await this.#models.get(request.model);
    const { filename } = await this.#files.get(request.training_file);
    if (request.validation_file) await this.#files.get(request.validation_file);
    const path = await this.#files.path(request.training_file);
    if (request.method?.type === "reinforcement") decodeGrader(request.method.reinforcement.grader);
    const name = request.suffix ?? `${request.method?.type ?? "supervised"}-job`;
    const { run } = this.#services;
    const folder = await run(RunStore.use((store) => store.create(name)));
    try {
      const shape = await prepareData(request, base, { name: filename, path }, folder);
      const { recipe, hyper } = recipeOf(request, shape);
      const resolved = await run(resolveRequest({ ...recipe, name }, {}));
      await write(layout(folder).requested, resolved);
      await write(jobFile(folder), { request, hyperparameters: hyper });
    } catch (error) {
      await run(RunStore.use((store) => Effect.ignore(store.remove(basename(folder)))));
      throw error;
    }
    const id = basename(folder);
    await run(RunQueue.use((queue) => queue.add(id)));
    return this.#object(await this.#services.find(id));
  }

  /** Newest first. */
  async list(): Promise<{ readonly id: string; readonly metadata: object }[]> {
    const runs = (await this.#services.all()).filter((run) => existsSync(jobFile(run.folder)));
    return await Promise.all(runs.map((run) => this.#object(run)));
  }

  async get(id: string): Promise<object> {
    return await this.#object(await this.#run(id));
  }

  async change(id: string, what: "pause" | "resume" | "cancel"): Promise<object> {
    const found = await this.#run(id);
    try {
      await this.#services.run(RunQueue.use((queue) => queue[what](found.id)));
    } catch (error) {
      // The wire answers 400 where the state forbids it.
      if (!(error instanceof UserError) || error.code !== "wrong-state") throw error;
      throw new UserError({ code: "bad-value", message: error.message });
    }
    return await this.get(id);
  }

  /** Newest first. */
  async events(id: string): Promise<{ readonly id: string }[]> {
    const run = await this.#run(id);
    const rows = await readRows(layout(run.folder).events);
    const told = rows.map((row) => ({
      id: `ftevent-${run.id}-${row["id"]}`,
      object: "fine_tuning.job.event",
      created_at: seconds(String(row["at"])),
      level: row["event"] === "failed" ? "error" : "info",
      message: messageOf(String(row["event"]), row["data"] as Record<string, unknown>),
      type: row["event"] === "metrics" ? "metrics" : "message",
      data: row["event"] === "metrics"
        ? wireMetrics(row["data"] as Record<string, unknown>)
        : row["data"],
    }));
    const created = {
      id: `ftevent-${run.id}-0`,
      object: "fine_tuning.job.event",
      created_at: seconds(run.created_at),
      level: "info",
      message: `Created fine-tuning job: ${jobId(run)}`,
      type: "message",
      data: {},
    };
    return [created, ...told].reverse();
  }

  /** Those that are kept, newest first. */
  async checkpoints(id: string): Promise<{ readonly id: string }[]> {
    const run = await this.#run(id);
    const rows = await readRows(layout(run.folder).metrics);
    const names = await readdir(layout(run.folder).checkpoints).catch(() => []);
    const steps = names.flatMap((name) => /^step-(\d+)$/.exec(name)?.slice(1).map(Number) ?? []);
    const last = Math.max(...steps);
    const tuned = await tunedName(run);
    const created_at = seconds(run.created_at);
    return steps.sort((a, b) => b - a).map((step) => ({
      id: `ftckpt-${run.id}-${step}`,
      object: "fine_tuning.job.checkpoint",
      created_at,
      fine_tuning_job_id: jobId(run),
      // The last one is the model itself; the others are what a run goes on from.
      fine_tuned_model_checkpoint: step === last && tuned !== undefined
        ? tuned
        : `${tuned ?? `ft:run:calque::${run.id}`}:ckpt-step-${step}`,
      step_number: step,
      metrics: wireMetrics(rows.find((row) => row["step"] === step) ?? { step }),
    }));
  }

  /** The result file of a job that has ended: its metrics as CSV. */
  async results(fileId: string): Promise<{ readonly file: object; readonly csv: string }> {
    const run = await this.#run(`ftjob-${RESULTS.exec(fileId)?.[1] ?? ""}`);
    const rows = await readRows(layout(run.folder).metrics);
    const csv = toCsv(rows.map(wireMetrics));
    const file = {
      id: fileId,
      object: "file",
      bytes: new TextEncoder().encode(csv).length,
      created_at: seconds(run.created_at),
      filename: "step_metrics.csv",
      purpose: "fine-tune-results",
      status: "processed",
    };
    return { file, csv };
  }

  /** The model alone goes; the job and its history stay. */
  async removeModel(id: string): Promise<object> {
    if (!id.startsWith("ft:")) {
      const message = `key "model": "${id}" is not a tuned model; only those can be deleted`;
      throw new UserError({ code: "bad-value", message });
    }
    const run = await this.#services.find(id.split(":").at(-1)!);
    for (const folder of [layout(run.folder).model, layout(run.folder).adapter]) {
      await rm(folder, { recursive: true, force: true });
    }
    return { id, object: "model", deleted: true };
  }

  /** The grader that a reinforcement job was given. */
  async grader(runId: string): Promise<unknown> {
    const run = await this.#run(`ftjob-${runId}`);
    const job = await readObject(jobFile(run.folder)) as unknown as JobFile;
    const { method } = job.request;
    return method?.type === "reinforcement" ? method.reinforcement.grader : undefined;
  }

  async #run(id: string): Promise<Run> {
    const absent = (): UserError =>
      new UserError({ code: "not-found", message: `no fine-tuning job "${id}"` });
    if (!id.startsWith("ftjob-")) throw absent();
    const run = await this.#services.find(id.slice("ftjob-".length)).catch(() => undefined);
    if (run === undefined || !existsSync(jobFile(run.folder))) throw absent();
    return run;
  }

  async #object(run: Run): Promise<{ readonly id: string; readonly metadata: object }> {
    const job = await readObject(jobFile(run.folder)) as unknown as JobFile;
    const { request, hyperparameters } = job;
    const type = request.method?.type ?? "supervised";
    const rows = await readRows(layout(run.folder).metrics);
    const events = await readRows(layout(run.folder).events);
    const status = STATUS[run.status];
    const ended = ["succeeded", "failed", "cancelled"].includes(status);
    const tokens = rows.reduce((sum, row) => sum + (Number(row["num_tokens"]) || 0), 0);
    const own = (request.method as unknown as Record<string, object> | undefined)?.[type] ?? {};
    return {
      id: jobId(run),
      object: "fine_tuning.job",
      created_at: seconds(run.created_at),
      finished_at: ended ? seconds(String(events.at(-1)?.["at"] ?? run.created_at)) : null,
      estimated_finish: null,
      status,
      model: request.model,
      fine_tuned_model: await tunedName(run) ?? null,
      organization_id: "calque",
      result_files: ended && rows.length > 0 ? [`file-results-${run.id}`] : [],
      trained_tokens: ended ? tokens : null,
      training_file: request.training_file,
      validation_file: request.validation_file ?? null,
      hyperparameters,
      seed: request.seed ?? 0,
      method: { type, [type]: { ...own, hyperparameters } },
      error: run.status === "failed"
        ? { code: "training_failed", message: run.error ?? "training failed", param: null }
        : null,
      integrations: [],
      suffix: request.suffix ?? null,
      metadata: request.metadata ?? {},
    } as { readonly id: string; readonly metadata: object };
  }
}

export const RESULTS = /^file-results-(.+)$/;

export const jobFile = (folder: string): string => join(folder, "job.json");

const jobId = (run: Run): string => `ftjob-${run.id}`;

const STATUS: Readonly<Record<Run["status"], string>> = {
  queued: "queued",
  running: "running",
  paused: "paused",
  interrupted: "paused",
  done: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
};

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

/** A step's metrics under the wire's names first, then all that Calque tells. */
const wireMetrics = (row: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const { step, loss, ...rest } = row;
  return { step, ...(loss === undefined ? {} : { train_loss: loss }), ...rest };
};

const messageOf = (event: string, data: Readonly<Record<string, unknown>>): string => {
  switch (event) {
    case "metrics":
      return `Step ${data["step"]}: training loss=${Number(data["loss"]).toFixed(4)}`;
    case "checkpoint":
      return `Checkpoint created at step ${data["step"]}`;
    case "done":
      return "The job has successfully completed";
    case "plan":
      return "Files validated; the run is planned";
    default:
      return event.charAt(0).toUpperCase() + event.slice(1);
  }
};

const write = (path: string, value: unknown): Promise<void> =>
  writeFile(path, JSON.stringify(value, null, 2) + "\n", { flush: true });
