import { type Cluster, clusterInterval, type Share } from "./interval.ts";
import { type JudgedSample, pairOf, passed, problemOf, scores } from "./sample.ts";

/** pass@1 with a 95 % interval over all samples, and for each ordered pair of languages. */
export interface Score extends CountedShare {
  readonly pairs: Readonly<Record<string, CountedShare>>;
}

export interface CountedShare extends Share {
  /** Samples that count, so without infrastructure errors. */
  readonly samples: number;
}

/**
 * pass@1 from any number of samples a problem (a task in one pair of languages): the mean over problems
 * of the share of their samples that pass, which is the unbiased estimator of Chen et al. 2021
 * (arXiv 2107.03374, equation 1) at k = 1. The interval is a cluster bootstrap by task: all pairs and
 * samples of a task are drawn together. Samples with an infrastructure error count nowhere.
 */
export const passAtOne = (samples: readonly JudgedSample[], seed = 0): Score => {
  const pairs: Record<string, CountedShare> = {};
  for (const [pair, members] of [...groupBy(samples, pairOf)].sort(byName)) {
    pairs[pair] = shareOf(members, seed);
  }
  return { ...shareOf(samples, seed), pairs };
};

/** pass@1 of one set of samples, without the pairs. */
export const shareOf = (samples: readonly JudgedSample[], seed = 0): CountedShare => {
  const counted = samples.filter(scores);
  return { ...clusterInterval(clustersOf(counted), seed), samples: counted.length };
};

/** pass@1 for each value of one side of the pair (`source` or `target`), by name. */
export const passBy = (
  samples: readonly JudgedSample[],
  side: "source" | "target",
  seed = 0,
): Readonly<Record<string, CountedShare>> =>
  Object.fromEntries(
    [...groupBy(samples, (sample) => sample[side])].sort(byName)
      .map(([language, members]) => [language, shareOf(members, seed)]),
  );

const clustersOf = (samples: readonly JudgedSample[]): Cluster[] =>
  [...groupBy(samples, (sample) => sample.task)].sort(byName).map(([, members]) => {
    const problems = [...groupBy(members, problemOf).values()];
    const sum = problems.reduce(
      (total, problem) => total + problem.filter(passed).length / problem.length,
      0,
    );
    return { sum, count: problems.length };
  });

export const groupBy = <T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
};

// Not localeCompare: the order must not depend on the machine's locale.
export const byName = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
