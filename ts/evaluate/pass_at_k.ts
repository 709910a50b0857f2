import { clusterInterval, type Estimate } from "./interval.ts";
import { type JudgedSample, passed, problemOf, scores } from "./sample.ts";
import { byName, groupBy } from "./score.ts";

/** pass@k with its 95 % interval. */
export interface PassAtK extends Estimate {
  readonly k: number;
  /** Problems with at least k samples that count; the others say nothing of pass@k. */
  readonly problems: number;
}

/**
 * The probability that at least one of k samples of a problem passes, mean over problems: the unbiased
 * estimator of Chen et al. 2021 (arXiv 2107.03374, equation 1). The interval is a cluster bootstrap by
 * task, as for pass@1. Samples with an infrastructure error do not count.
 */
export const passAtK = (samples: readonly JudgedSample[], k: number, seed = 0): PassAtK => {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`pass@${k}: expected an integer from 1`);
  let problems = 0;
  const clusters = [...groupBy(samples.filter(scores), ({ task }) => task)].sort(byName)
    .map(([, ofTask]) => {
      const enough = [...groupBy(ofTask, problemOf).values()].filter(({ length }) => length >= k);
      problems += enough.length;
      return {
        sum: enough.reduce(
          (sum, own) => sum + anyOfK(own.length, own.filter(passed).length, k),
          0,
        ),
        count: enough.length,
      };
    });
  const { pass_at_1: value, low, high } = clusterInterval(clusters, seed);
  return { k, value, low, high, problems };
};

/** 1 - C(n - c, k) / C(n, k), of which the factors are taken one by one so that nothing overflows. */
export const anyOfK = (n: number, c: number, k: number): number => {
  if (n - c < k) return 1;
  let none = 1;
  for (let i = n - c + 1; i <= n; i++) none *= 1 - k / i;
  return 1 - none;
};
