import type { Random } from "../random.ts";
import type { IrGroup, Loser, Winner } from "../schema.ts";
import type { Member } from "./members.ts";
import { deletions, edits } from "./mutants.ts";
import type { SourceLanguage } from "./toolchain.ts";

export type Relation = "equivalent" | "refines";

/** The checker's answer as far as a group cares; the whole of it is kept as evidence. */
export interface Answer {
  readonly verdict: "proved" | "refuted" | "unknown";
  readonly reason?: string;
}

export interface Judges {
  readonly check: (source: string, target: string, relation: Relation) => Answer;
  /** The verifier's complaint, `undefined` for a well-formed module. */
  readonly complaint: (ir: string) => Promise<string | undefined>;
}

export interface GroupSource {
  readonly id: string;
  readonly task: string | undefined;
  readonly code: string;
  readonly language: SourceLanguage;
  readonly function: string;
  readonly split: "train" | "held-out";
}

export interface GroupLimits {
  readonly winners: number;
  readonly losers_per_tier: number;
  /** Whether a loser is short enough: an edit may lengthen a member. */
  readonly fits: (ir: string) => boolean;
}

/** IR of another program's function with the same signature, under this one's name. */
export interface Other {
  readonly ir: string;
  readonly of: string;
}

/** How often each question got each answer: `winner proved equivalent`, `loser unknown budget`, ... */
export type Tally = Map<string, number>;

/**
 * What a compiler made of a function and does not refine its first form: two forms of which neither was made of the
 * other (a branch on what is a select in the first), or a fault of the compiler or of the checker. Somebody should look.
 */
export interface RefutedMember {
  readonly group: string;
  readonly first: Member;
  readonly member: Member;
  readonly answer: Answer;
}

/**
 * A group of one function, or `undefined` with fewer than two proved winners or two losers.
 * Members are asked against the first: `equivalent` before `refines`, since optimisation may drop
 * poison-making flags and then refines only. Losers are of three tiers, as many of each: deletions that
 * the verifier rejected, one-edit mutants and `others` (IR of the same signature from other programs)
 * that the checker refuted with an input. Without `others` there are two tiers.
 */
export const buildGroup = async (
  source: GroupSource,
  members: readonly Member[],
  others: readonly Other[],
  compiler: string,
  judges: Judges,
  limits: GroupLimits,
  random: Random,
  tally: Tally,
  refuted: RefutedMember[],
): Promise<IrGroup | undefined> => {
  const winners = proveWinners(
    source.id,
    members,
    compiler,
    judges,
    limits.winners,
    tally,
    refuted,
  );
  const first = winners[0];
  if (first === undefined || winners.length < 2) return undefined;
  const bases = random.shuffle(winners).map((winner) => winner.ir);
  const taken = new Set(members.map((member) => member.ir));
  const { losers_per_tier: most, fits } = limits;
  const tiers = [
    refuteEdits(first.ir, bases, most, taken, fits, judges, random, tally),
    await rejectDeletions(bases, most, taken, fits, judges, random, tally),
    ...(others.length === 0
      ? []
      : [refuteOthers(first.ir, random.shuffle(others), most, taken, judges, tally)]),
  ];
  // As many of each tier, or the easy one would teach more than the hard one.
  const each = Math.min(...tiers.map((tier) => tier.length));
  if (each === 0) return undefined;
  const losers = tiers.flatMap((tier) => tier.slice(0, each));
  return {
    id: source.id,
    ...(source.task === undefined ? {} : { task: source.task }),
    source: source.code,
    language: source.language,
    function: source.function,
    split: source.split,
    winners: [first, ...winners.slice(1)],
    losers,
  };
};

const proveWinners = (
  group: string,
  members: readonly Member[],
  compiler: string,
  judges: Judges,
  most: number,
  tally: Tally,
  refuted: RefutedMember[],
): readonly Winner[] => {
  const [first, ...others] = members;
  if (first === undefined) return [];
  const winners: Winner[] = [{ ir: first.ir, compiler, level: first.level }];
  for (const member of others) {
    if (winners.length >= most) break;
    for (const relation of ["equivalent", "refines"] as const) {
      const answer = judges.check(first.ir, member.ir, relation);
      if (answer.verdict === "proved") {
        count(tally, `winner proved ${relation}${"bounds" in answer ? ", bounded" : ""}`);
        winners.push({
          ir: member.ir,
          compiler,
          level: member.level,
          proof: evidence(answer, relation),
        });
        break;
      }
      // Refuted as equivalent may still refine; anything else has its final answer.
      if (relation === "refines" || answer.verdict === "unknown") {
        count(tally, `winner ${answer.verdict} ${answer.reason ?? relation}`);
        if (answer.verdict === "refuted") refuted.push({ group, first, member, answer });
        break;
      }
    }
  }
  return winners;
};

const refuteEdits = (
  first: string,
  bases: readonly string[],
  wanted: number,
  taken: Set<string>,
  fits: GroupLimits["fits"],
  judges: Judges,
  random: Random,
  tally: Tally,
): readonly Loser[] => {
  const losers: Loser[] = [];
  for (const base of spread(bases, wanted)) {
    for (const mutant of edits(base, random).slice(0, attemptsPerLoser)) {
      if (taken.has(mutant.ir) || !fits(mutant.ir)) continue;
      taken.add(mutant.ir);
      const refutation = refute(first, mutant.ir, "edited", judges, tally);
      if (refutation === undefined) continue;
      losers.push({
        ir: mutant.ir,
        tier: "edited",
        evidence: { edit: mutant.edit, ...refutation },
      });
      break;
    }
  }
  return losers;
};

/** The evidence that `ir` does not refine `first`, if it was refuted; what was answered is counted. */
const refute = (
  first: string,
  ir: string,
  what: string,
  judges: Judges,
  tally: Tally,
): ReturnType<typeof evidence> | undefined => {
  const answer = judges.check(first, ir, "refines");
  const reason = answer.reason === undefined ? "" : ` ${answer.reason}`;
  count(tally, `${what} ${answer.verdict}${reason}`);
  return answer.verdict === "refuted" ? evidence(answer, "refines") : undefined;
};

const refuteOthers = (
  first: string,
  others: readonly Other[],
  wanted: number,
  taken: Set<string>,
  judges: Judges,
  tally: Tally,
): readonly Loser[] => {
  const losers: Loser[] = [];
  for (const other of others.slice(0, attemptsPerLoser)) {
    if (losers.length === wanted) break;
    if (taken.has(other.ir)) continue;
    taken.add(other.ir);
    const refutation = refute(first, other.ir, "other function", judges, tally);
    if (refutation === undefined) continue;
    losers.push({ ir: other.ir, tier: "other", evidence: { of: other.of, ...refutation } });
  }
  return losers;
};

const rejectDeletions = async (
  bases: readonly string[],
  wanted: number,
  taken: Set<string>,
  fits: GroupLimits["fits"],
  judges: Judges,
  random: Random,
  tally: Tally,
): Promise<readonly Loser[]> => {
  const losers: Loser[] = [];
  for (const base of spread(bases, wanted)) {
    for (const mutant of deletions(base, random).slice(0, attemptsPerLoser)) {
      if (taken.has(mutant.ir) || !fits(mutant.ir)) continue;
      taken.add(mutant.ir);
      const complaint = await judges.complaint(mutant.ir);
      count(tally, complaint === undefined ? "deletion well-formed" : "deletion rejected");
      if (complaint === undefined) continue;
      losers.push({ ir: mutant.ir, tier: "ill-formed", evidence: `${mutant.edit}: ${complaint}` });
      break;
    }
  }
  return losers;
};

const attemptsPerLoser = 12;

/** `count` bases, every one once before any comes twice. */
const spread = (bases: readonly string[], count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => bases[i % bases.length] as string);

/** The answer without its run time, which differs between runs, and with what was asked. */
const evidence = (answer: Answer, relation: Relation): NonNullable<Winner["proof"]> => {
  const { ms: _, ...rest } = answer as Answer & { readonly ms?: number };
  return JSON.parse(JSON.stringify({ relation, ...rest }));
};

const count = (tally: Tally, what: string): void => {
  tally.set(what, (tally.get(what) ?? 0) + 1);
};
