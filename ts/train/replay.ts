import type { Rollout } from "../rollout/mod.ts";
import { variedGroups } from "./dynamic_sampling.ts";
import type { RolloutRow } from "./events.ts";
import { assignCredit, policyObjective } from "./objectives/mod.ts";
import { needsReference, policyConfigOf, policyRows } from "./policy_step.ts";
import type { Stage } from "./recipe/schema.ts";

/** How one rollout came to move the weights, from the rows that its step left. */
export interface Replay {
  /** Rewards of its problem's rollouts, its own among them; `null`: the judge failed. */
  readonly group: readonly (number | null)[];
  readonly algorithm: string;
  /** Why the rollout was not trained on; the rest is then absent. */
  readonly left_out?: string;
  /** The rollout's own tokens; what is in the loss has a slope. */
  readonly tokens?: readonly ReplayedToken[];
  /** The policy loss of its update: all rows that were updated on together. */
  readonly policy_loss?: number;
  /** Rows of that update. */
  readonly rows?: number;
  /** What could not be told exactly, and what was taken instead. */
  readonly notes: readonly string[];
}

export interface ReplayedToken {
  readonly id: number;
  readonly logprob: number;
  readonly advantage: number;
  /** Derivative of the policy loss at this token's log-prob; a step against it is what trains. */
  readonly slope: number;
}

/**
 * Walks the rollout `sample` (from 0, in the order of the rows) of one step through advantage and policy
 * loss, with the very functions that trained it. `rows` are all of the step. `reference`: each row's
 * log-probs under the reference policy, if the loss has a KL term.
 */
export const replay = (
  stage: Stage,
  rows: readonly RolloutRow[],
  sample: number,
  reference?: readonly (readonly number[])[],
): Replay => {
  const own = rows[sample];
  if (own === undefined) {
    throw new RangeError(`sample ${sample}: expected 0 to ${rows.length - 1}`);
  }
  const rollout = stage.rollout!;
  const config = policyConfigOf(stage.objective, rollout.max_tokens);
  const told = {
    group: rows.filter(({ group }) => group === own.group).map(({ reward }) => reward),
    algorithm: config.algorithm,
  };
  if (own.reward === null) {
    return { ...told, left_out: "the judge failed, not the program", notes: [] };
  }
  const all = rows.map(asRollout);
  const trained = stage.objective.dynamic_sampling
    ? variedGroups(all, rollout.prompts_per_step).flat()
    : all;
  const judged = trained.filter(({ reward }) => reward !== null);
  const at = judged.indexOf(all[sample]!);
  if (at < 0) {
    const left_out = "dynamic sampling: its group was all alike, or one more than the step needed";
    return { ...told, left_out, notes: [] };
  }
  const size = stage.batch.size!;
  const first = Math.floor(at / size) * size;
  const notes = notesOf(own, first, needsReference(config) && reference === undefined);
  const { batch } = policyRows(judged);
  const known = {
    ...batch,
    ref_logp: reference === undefined
      ? batch.old_logp
      : judged.map((each) => reference[all.indexOf(each)]!),
  };
  const credit = assignCredit(config, known);
  const cut = <T>(list: readonly T[]): T[] => list.slice(first, first + size);
  const part = {
    logp: cut(known.logp),
    old_logp: cut(known.old_logp),
    ref_logp: cut(known.ref_logp),
    mask: cut(known.mask),
    rewards: cut(known.rewards),
    group: cut(known.group),
    truncated: cut(known.truncated!),
  };
  const objective = policyObjective(config, part, {
    mask: cut(credit.mask),
    advantages: cut(credit.advantages),
  });
  return {
    ...told,
    tokens: own.ids.map((id, t) => ({
      id,
      logprob: own.logprobs[t]!,
      advantage: credit.advantages[at]![t]!,
      slope: objective.dlogp[at - first]![t]!,
    })),
    policy_loss: objective.loss,
    rows: part.mask.length,
    notes,
  };
};

const notesOf = (own: RolloutRow, first: number, blind: boolean): string[] => [
  ...(first > 0
    ? ["a later update of its step, whose ratios are not kept: the ratio is taken as 1"]
    : []),
  ...(own.step - 1 > own.weight_version
    ? [
      "sampled by older weights, and the trained ones' log-probs are not kept: both taken as equal",
    ]
    : []),
  ...(blind ? ["the reference's log-probs are not kept: KL is taken as 0"] : []),
];

/** A row as the policy step takes a rollout; its prompt is not in the loss and so not needed. */
const asRollout = ({ ids, logprobs, reward, group, truncated }: RolloutRow): Rollout =>
  ({
    prompt_ids: new Uint32Array(0),
    ids: Uint32Array.from(ids),
    logProbs: Float32Array.from(logprobs),
    reward,
    group,
    truncated,
  }) as Rollout;
