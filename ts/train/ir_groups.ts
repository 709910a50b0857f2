import { Effect } from "effect";
import { type IrGroup, readGroups } from "../data/mod.ts";
import { render } from "../rollout/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import { TrainRefused } from "./errors.ts";
import type { PreferenceGroup } from "./preference_step.ts";
import { sequenceOf } from "./sequences.ts";

/** Fewer teach GEPO their own texts rather than equivalence. */
export const MIN_GROUPS = 20;

export interface IrGroupOptions {
  readonly file: string;
  /** Losers of other tiers are left out. */
  readonly tiers: readonly string[];
  /** Template of {source}, the language, and {code}. */
  readonly prompt: string;
  /** Ends every answer. */
  readonly stop: string;
  /** Longest member, prompt included, in tokens. */
  readonly context: number;
}

/**
 * GEPO's groups: the prompt asks for LLVM IR of a source, the answers are the IRs. Usable are those of the
 * training side with at least two winners and two losers that fit the context.
 */
export const readIrGroups = Effect.fn("readIrGroups")(
  function* (tokenizer: Tokenizer, options: IrGroupOptions) {
    const groups = yield* readGroups(options.file);
    const usable = groups.filter(({ split }) => split !== "held-out")
      .map((group) => tokenizeGroup(group, tokenizer, options))
      .filter(({ members }) =>
        members.filter(({ winner }) => winner).length >= 2 &&
        members.filter(({ winner }) => !winner).length >= 2
      );
    if (usable.length < MIN_GROUPS) {
      return yield* new TrainRefused({
        code: "too-few-groups",
        message: `${options.file}: ${usable.length} of ${groups.length} IR groups are usable ` +
          `(2 winners and 2 losers of tier ${options.tiers.join(", ")} within ${options.context} ` +
          `tokens); expected at least ${MIN_GROUPS}. Make more with: calque data groups DIR --out ${options.file}`,
      });
    }
    return usable;
  },
);

/** A group's winners and losers two by two, as DPO takes them; none is in two pairs. */
export const pairsOf = ({ id, members }: PreferenceGroup): PreferenceGroup[] => {
  const losers = members.filter(({ winner }) => !winner);
  return members.filter(({ winner }) => winner).slice(0, losers.length)
    .map((winner, i) => ({ id: `${id}/${i + 1}`, members: [winner, losers[i]!] }));
};

const tokenizeGroup = (
  group: IrGroup,
  tokenizer: Tokenizer,
  { prompt: template, stop, context, tiers }: IrGroupOptions,
): PreferenceGroup => {
  const prompt = render(template, { source: group.language, code: group.source });
  const member = (ir: string, winner: boolean) => ({
    ...sequenceOf({ prompt, completion: ir + stop }, tokenizer, "completion"),
    winner,
  });
  return {
    id: group.id,
    members: [
      ...group.winners.map(({ ir }) => member(ir, true)),
      ...group.losers.filter(({ tier }) => tiers.includes(tier)).map(({ ir }) => member(ir, false)),
    ].filter(({ ids }) => ids.length <= context),
  };
};
