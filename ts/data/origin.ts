import type { Task } from "./schema.ts";

/**
 * The problem that a task of a public benchmark restates, by its id: HumanEval's number is the same
 * problem in HumanEval-X, MultiPL-E and HumanEvalPack, and MBPP's the same in MBXP and MultiPL-E. Neither
 * the number nor the words need agree with a task's `family`, which a set's importer chooses by itself.
 */
export const originOf = ({ id, family }: Pick<Task, "id" | "family">): string | undefined => {
  for (const name of [id, family]) {
    const human = /human[-_ ]?eval(?:[-_ ]?(?:x|plus|pack|\+))?[^0-9]{0,20}?(\d+)/i.exec(name)?.[1];
    if (human !== undefined) return `HumanEval ${Number(human)}`;
    const mbpp = /(?:mbpp|mbxp|sanitized-mbpp)[^0-9]{0,20}?(\d+)/i.exec(name)?.[1];
    if (mbpp !== undefined) return `MBPP ${Number(mbpp)}`;
  }
  return undefined;
};
