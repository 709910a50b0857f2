import type { Engine } from "../model/mod.ts";
import { accumulateRows } from "./accumulate.ts";
import {
  type Objective,
  type PreferenceBatch,
  type PreferenceConfig,
  preferenceObjective,
} from "./objectives/mod.ts";

/** Responses to one prompt, each the prompt's tokens and its own. */
export interface PreferenceGroup {
  readonly id: string;
  readonly members: readonly Member[];
}

export interface Member {
  readonly ids: Uint32Array;
  /** 1 at the response's tokens. */
  readonly mask: Uint8Array;
  readonly winner: boolean;
}

/** Log-probs of groups' members under the weights of before training, by group. */
export type ReferenceLogProbs = ReadonlyMap<PreferenceGroup, readonly Float32Array[]>;

/** Asked once, before the first update: the groups are fixed and so is the reference. */
export const referenceLogProbs = async (
  engine: Engine,
  groups: readonly PreferenceGroup[],
  onProgress: (done: number, of: number) => void,
): Promise<ReferenceLogProbs> => {
  const known = new Map<PreferenceGroup, readonly Float32Array[]>();
  for (const group of groups) {
    const rows = group.members.map(({ ids }) => ids);
    known.set(group, await engine.logProbs(rows, { temperature: 1 }));
    onProgress(known.size, groups.length);
  }
  return known;
};

/**
 * Adds the gradient of the preference loss of `groups` to the engine's, exactly, in two passes: log-probs
 * of all members, then the loss's derivative at them is back-propagated row by row (papers' equation 9:
 * it depends on the others through two means and a variance only).
 */
export const accumulatePreference = async (
  engine: Engine,
  config: PreferenceConfig,
  groups: readonly PreferenceGroup[],
  reference: ReferenceLogProbs,
  micro: number,
): Promise<Objective & { readonly tokens: number }> => {
  const members = groups.flatMap(({ members }, group) => members.map((m) => ({ ...m, group })));
  const rows = members.map(({ ids }) => ids);
  const batch: PreferenceBatch = {
    logp: await engine.logProbs(rows, { temperature: 1 }),
    ref_logp: groups.flatMap((group) => reference.get(group)!),
    mask: members.map(({ mask }) => mask),
    group: members.map(({ group }) => group),
    winner: members.map(({ winner }) => winner),
  };
  const objective = preferenceObjective(config, batch);
  await accumulateRows(engine, rows, objective.dlogp, { temperature: 1, micro, skipZero: true });
  return { ...objective, tokens: rows.reduce((sum, ids) => sum + ids.length, 0) };
};
