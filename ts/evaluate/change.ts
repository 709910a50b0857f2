import { flips } from "./flips.ts";
import { differenceInterval, type Estimate } from "./interval.ts";
import { type JudgedSample, passed, problemOf, scores } from "./sample.ts";
import { byName, groupBy } from "./score.ts";

/** Change of pass@1 on the same problems, in [-1, 1], with its 95 % interval. */
export interface Change extends Estimate {
  /** pass@1 of these problems on either side. */
  readonly before: number;
  readonly after: number;
  /** Problems asked on both sides. */
  readonly problems: number;
  /** Samples that pass now and failed, and the other way round. */
  readonly gained: number;
  readonly lost: number;
}

/**
 * What became of the problems that both sides were asked. The interval is of the paired difference (a
 * cluster bootstrap by task), which is narrower than the two sides' own intervals let one guess, since
 * hard problems are hard on both sides.
 */
export const changeOf = (
  before: readonly JudgedSample[],
  after: readonly JudgedSample[],
  seed = 0,
): Change => {
  const then = passRates(before);
  const now = passRates(after);
  const shared = [...now].filter(([name]) => then.has(name)).sort(byName);
  const clusters = [...groupBy(shared, ([, { task }]) => task)].sort(byName)
    .map(([, problems]) => ({
      sum: problems.reduce((sum, [name, { rate }]) => sum + rate - then.get(name)!.rate, 0),
      count: problems.length,
    }));
  const mean = (rates: Rates): number =>
    shared.length === 0
      ? 0
      : shared.reduce((sum, [name]) => sum + rates.get(name)!.rate, 0) / shared.length;
  const { gained, lost } = flips(before, after);
  return {
    ...differenceInterval(clusters, seed),
    before: mean(then),
    after: mean(now),
    problems: shared.length,
    gained: gained.length,
    lost: lost.length,
  };
};

type Rates = ReadonlyMap<string, { readonly task: string; readonly rate: number }>;

const passRates = (samples: readonly JudgedSample[]): Rates =>
  new Map(
    [...groupBy(samples.filter(scores), problemOf)].map(([name, own]) => [
      name,
      { task: own[0]!.task, rate: own.filter(passed).length / own.length },
    ]),
  );
