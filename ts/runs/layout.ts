import { randomBytes } from "node:crypto";
import { join } from "node:path";

/** Where things lie in a run folder. */
export const layout = (folder: string) => ({
  /** The recipe that a server was asked to run, until the run's process has written its own. */
  requested: join(folder, "requested.json"),
  /** The recipe with every default resolved. */
  recipe: join(folder, "recipe.json"),
  /** Append-only: what happened, ids rising by 1. */
  events: join(folder, "events.jsonl"),
  /** One object a step. */
  metrics: join(folder, "metrics.jsonl"),
  /** One object a completion of the training. */
  rollouts: join(folder, "rollouts.jsonl"),
  /** One object a completion of an evaluation. */
  evaluations: join(folder, "evaluations.jsonl"),
  summary: join(folder, "summary.json"),
  checkpoints: join(folder, "checkpoints"),
  model: join(folder, "model"),
  adapter: join(folder, "adapter"),
  /** Name and time of birth; written once. */
  birth: join(folder, "run.json"),
  /** What a server was asked to do with the run: start it, cancel it. */
  order: join(folder, "order.json"),
  /** Present while a process writes the folder: its process id and start time. */
  process: join(folder, "process.json"),
  /** What the process of a run started by a server said on stderr. */
  log: join(folder, "log.txt"),
});

/** A new id that sorts by time: `20260131-235959-quickstart-1f3a`. */
export const newRunId = (name: string, at: Date): string => {
  const stamp = at.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40);
  return `${stamp}-${slug === "" ? "run" : slug}-${randomBytes(2).toString("hex")}`;
};

/** Ids become folder names, so nothing else may come in as one. */
export const isRunId = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text);
