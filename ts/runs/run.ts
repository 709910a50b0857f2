import { Buffer } from "node:buffer";
import { statSync } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Score } from "../evaluate/mod.ts";
import { layout } from "./layout.ts";
import { lockHolder } from "./lock.ts";

export const STATUSES = [
  "queued",
  "running",
  "paused",
  "done",
  "interrupted",
  "failed",
  "cancelled",
] as const;
export type Status = typeof STATUSES[number];

/** What can be said of a run in one object; the HTTP interface gives it as it stands. */
export interface Run {
  readonly id: string;
  readonly name: string;
  readonly status: Status;
  /** Steps done; they count from 1. */
  readonly step: number;
  readonly steps: number | null;
  readonly before: Score | null;
  readonly after: Score | null;
  readonly error: string | null;
  readonly created_at: string;
  readonly method: string | null;
  readonly seed: number | null;
  readonly seconds: number | null;
  readonly device: string | null;
  readonly folder: string;
}

/** `summary.json`. */
export interface Summary {
  readonly status: "done" | "interrupted" | "failed";
  readonly steps: number;
  readonly seconds: number;
  readonly seed: number;
  readonly device: string;
  readonly before: Score | null;
  readonly after: Score | null;
  /** Share of judged programs lost to errors that were not theirs. */
  readonly infrastructure_rate: number;
  readonly error?: string;
}

/** `order.json`: what a server was asked to do, and whether it has begun to. */
export interface Order {
  readonly wanted: "run" | "started" | "paused" | "cancelled";
  /** The process died before it wrote a word; says why. */
  readonly failed?: string;
  /** Why the server itself paused the run. */
  readonly reason?: string;
}

/**
 * The state of a run from what its folder holds. Nothing is stored that a crash could make untrue: a run
 * is running while its process lives, and interrupted once that is gone without a last word.
 */
export const statusOf = (facts: {
  readonly alive: boolean;
  readonly order?: Order | undefined;
  readonly summary?: Pick<Summary, "status"> | undefined;
}): Status => {
  const { alive, order, summary } = facts;
  if (alive) return "running";
  if (summary?.status === "done") return "done";
  // Asked for again after it had stopped.
  if (order?.wanted === "run") return "queued";
  if (order?.wanted === "paused" && order.reason !== undefined) return "paused";
  if (summary?.status === "failed") return "failed";
  if (order?.wanted === "cancelled") return "cancelled";
  if (order?.failed !== undefined) return "failed";
  if (order?.wanted === "paused") return "paused";
  return "interrupted";
};

/** Reads a run folder; `undefined` if it is none. */
export const readRun = async (folder: string): Promise<Run | undefined> => {
  const at = layout(folder);
  // Looked at first: a process says its last word before it goes, so what is read after it went is the end.
  const alive = await lockHolder(at.process) !== undefined;
  const [birth, order, summary, own] = await Promise.all([
    readObject(at.birth),
    readObject(at.order),
    readObject(at.summary),
    readObject(at.recipe),
  ]);
  if (birth === undefined && own === undefined && summary === undefined) return undefined;
  const recipe = own ?? await readObject(at.requested);
  const last = await lastRow(at.metrics);
  const known = summary as unknown as Summary | undefined;
  const orders = order as unknown as Order | undefined;
  return {
    id: basename(folder),
    name: text(birth?.["name"]) ?? basename(folder),
    status: statusOf({ alive, order: orders, summary: known }),
    step: number(last?.["step"]) ?? 0,
    steps: number(recipe?.["steps"]),
    before: known?.before ?? null,
    after: known?.after ?? null,
    error: orders?.reason ?? known?.error ?? orders?.failed ?? null,
    created_at: text(birth?.["created_at"]) ?? (await born(folder)),
    method: text(recipe?.["method"]),
    seed: number(recipe?.["seed"]),
    seconds: known?.seconds ?? null,
    device: known?.device ?? null,
    folder,
  };
};

/**
 * Reads run folders and remembers what it read. A run that no process writes changes only by entries of its
 * folder being made, replaced or removed (`writeAside`, locks), which its folder's own time tells; one that
 * goes on is read each time.
 */
export class RunReader {
  readonly #known = new Map<string, { readonly token: string; readonly run: Run }>();

  async read(folder: string): Promise<Run | undefined> {
    const token = tokenOf(folder);
    const known = this.#known.get(folder);
    if (token !== undefined && known?.token === token) return known.run;
    const run = await readRun(folder);
    if (run === undefined || run.status === "running" || token === undefined) {
      this.#known.delete(folder);
    } else if (token === tokenOf(folder)) this.#known.set(folder, { token, run });
    return run;
  }
}

/** Times of folders are as coarse as the kernel's clock ticks: a change in the same tick would not show. */
const TICK_MS = 100;

/** Changes with the folder's entries; `undefined` while that cannot be told. */
export const tokenOf = (folder: string): string | undefined => {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined || Date.now() - found.mtimeMs < TICK_MS) return undefined;
  return `${found.ino} ${found.mtimeMs}`;
};

/** A JSON object in a file; `undefined` where there is none or it is something else. */
export const readObject = async (
  file: string,
): Promise<Readonly<Record<string, unknown>> | undefined> => {
  try {
    const value = JSON.parse(await readFile(file, "utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** The last whole row of a JSONL file, from its last 256 KiB. */
export const lastRow = async (
  file: string,
): Promise<Readonly<Record<string, unknown>> | undefined> => {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, 1 << 18);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const whole = buffer.subarray(0, buffer.lastIndexOf(0x0a) + 1).toString("utf8");
    const line = whole.trimEnd().split("\n").at(-1);
    return line === undefined || line === "" ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
};

const born = async (folder: string): Promise<string> => {
  const { birthtime, ctime } = await stat(folder);
  return (birthtime.getTime() > 0 ? birthtime : ctime).toISOString();
};

const text = (value: unknown): string | null => typeof value === "string" ? value : null;
const number = (value: unknown): number | null => typeof value === "number" ? value : null;
