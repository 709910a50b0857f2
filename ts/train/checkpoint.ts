import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Score } from "../evaluate/mod.ts";
import { readSafetensors, type TrainingState, writeSafetensors } from "../model/mod.ts";
import type { RolloutQueue } from "./rollout_source.ts";

/** All that a run needs to go on as if it had never stopped; randomness is a function of the step. */
export interface Checkpoint {
  /** Steps done, over all stages. */
  readonly step: number;
  /** Index of the stage that `state` belongs to, and the steps done in it. */
  readonly stage: number;
  readonly stage_step: number;
  /** Rollouts judged so far, and those that an infrastructure error spoilt. */
  readonly judged: number;
  readonly infrastructure: number;
  /** Best score so far, where weights are selected by one. */
  readonly best?: number;
  /** Score of the stage's result, once it is evaluated. */
  readonly after?: Score;
  /** Rollouts that were sampled for the next step. */
  readonly queue?: RolloutQueue;
  readonly state: TrainingState;
}

/**
 * Writes `FOLDER/step-N`: beside, synced, renamed, so that a kill at any moment leaves the one before.
 * All but the newest `keep` are removed.
 */
export const writeCheckpoint = async (
  folder: string,
  checkpoint: Checkpoint,
  keep: number,
): Promise<string> => {
  await mkdir(folder, { recursive: true });
  const beside = join(folder, `${WRITING}${checkpoint.step}`);
  await rm(beside, { recursive: true, force: true });
  try {
    await writeState(beside, checkpoint);
  } catch (error) {
    // On a full disk this gives back the room that it took.
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
  const place = join(folder, nameOf(checkpoint.step));
  await discard(folder, place);
  await rename(beside, place);
  await syncFolder(folder);
  for (const step of (await stepsIn(folder)).slice(0, -keep)) {
    await discard(folder, join(folder, nameOf(step)));
  }
  return place;
};

const writeState = async (place: string, { state, ...rest }: Checkpoint): Promise<void> => {
  await mkdir(place);
  const tensors = new Map(
    [...state.tensors].map(([name, data]) => [name, { shape: [data.length], data }]),
  );
  await writeSafetensors(join(place, "state.safetensors"), tensors);
  const json = JSON.stringify({ ...rest, updates: state.step });
  await writeFile(join(place, "state.json"), `${json}\n`, { flush: true });
  await syncFolder(place);
};

/** The newest whole checkpoint, with leftovers of a killed writer removed; `undefined` where there is none. */
export const readCheckpoint = async (folder: string): Promise<Checkpoint | undefined> => {
  for (const entry of await readdir(folder).catch(() => [])) {
    if (entry.startsWith(WRITING) || entry.startsWith(DISCARDED)) {
      await rm(join(folder, entry), { recursive: true, force: true });
    }
  }
  const step = (await stepsIn(folder)).at(-1);
  if (step === undefined) return undefined;
  const place = join(folder, nameOf(step));
  const { updates, ...rest } = JSON.parse(await readFile(join(place, "state.json"), "utf8"));
  const stored = (await readSafetensors(join(place, "state.safetensors"))).tensors;
  const tensors = new Map<string, Float32Array>();
  for (const [name, tensor] of stored) tensors.set(name, await tensor.read());
  return { ...rest, state: { step: updates, tensors } };
};

const WRITING = ".writing-";
const DISCARDED = ".discarded-";

const nameOf = (step: number): string => `step-${String(step).padStart(8, "0")}`;

const stepsIn = async (folder: string): Promise<number[]> =>
  (await readdir(folder).catch(() => []))
    .flatMap((name) => {
      const match = /^step-(\d+)$/.exec(name);
      return match === null ? [] : [Number(match[1])];
    })
    .sort((a, b) => a - b);

/** Renamed before it is taken apart: under its own name a checkpoint is always whole. */
const discard = async (folder: string, place: string): Promise<void> => {
  if (!await stat(place).then(() => true, () => false)) return;
  const doomed = join(folder, `${DISCARDED}${Date.now()}-${Math.random().toString(36).slice(2)}`);
  await rename(place, doomed);
  await rm(doomed, { recursive: true, force: true });
};

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
