import { type JudgedSample, passed, problemOf, scores } from "./sample.ts";

/** One problem whose outcome changed, with the sample before and the one after. */
export interface Flip {
  readonly before: JudgedSample;
  readonly after: JudgedSample;
}

export interface Flips {
  readonly gained: readonly Flip[];
  readonly lost: readonly Flip[];
}

/**
 * Problems that failed before and pass now (`gained`), and the other way round (`lost`). Samples are
 * matched by task, pair and index; ask with greedy samples, where a change is the model's and not the
 * dice's. Problems that an infrastructure error spoilt on either side are left out. The order mixes target
 * languages: the first flip of each target, then the second of each.
 */
export const flips = (
  before: readonly JudgedSample[],
  after: readonly JudgedSample[],
): Flips => {
  const earlier = new Map(before.filter(scores).map((sample) => [sampleName(sample), sample]));
  const gained: Flip[] = [];
  const lost: Flip[] = [];
  for (const now of after.filter(scores)) {
    const then = earlier.get(sampleName(now));
    if (then === undefined || passed(then) === passed(now)) continue;
    (passed(now) ? gained : lost).push({ before: then, after: now });
  }
  return { gained: mixTargets(gained), lost: mixTargets(lost) };
};

const sampleName = (sample: JudgedSample): string => `${problemOf(sample)} ${sample.index}`;

const mixTargets = (all: readonly Flip[]): Flip[] => {
  const seen = new Map<string, number>();
  return all
    .map((flip) => {
      const turn = seen.get(flip.after.target) ?? 0;
      seen.set(flip.after.target, turn + 1);
      return { flip, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .map(({ flip }) => flip);
};
