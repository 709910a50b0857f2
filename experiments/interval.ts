const DRAWS = 2000;

/** Of shares in [0, 1] or their differences: the mean, and its 95 % interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** A value for each problem of a run, and the problem's task. */
export interface Values {
  readonly values: readonly number[];
  readonly tasks: readonly string[];
}

/**
 * Mean of all values and its interval: seeds are drawn with replacement, then tasks within each, with all of a task's
 * problems, which are no independent draws.
 */
export const interval = (seeds: readonly Values[]): Interval => {
  const mean = average(seeds.map(({ values }) => average(values)));
  let state = 1;
  // xorshift32: the page must come out the same every time.
  const below = (n: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  const clusters = seeds.map(byTask);
  const draws = Array.from({ length: DRAWS }, () =>
    average(clusters.map(() => {
      const own = clusters[below(clusters.length)]!;
      let [sum, count] = [0, 0];
      for (let i = 0; i < own.length; i++) {
        const drawn = own[below(own.length)]!;
        sum += drawn.sum;
        count += drawn.count;
      }
      return sum / count;
    }))).sort((a, b) => a - b);
  return {
    mean,
    low: draws[Math.floor(0.025 * DRAWS)]!,
    high: draws[Math.ceil(0.975 * DRAWS) - 1]!,
  };
};

const byTask = ({ values, tasks }: Values) => {
  const clusters = new Map<string, { sum: number; count: number }>();
  values.forEach((value, i) => {
    const own = clusters.get(tasks[i]!) ?? { sum: 0, count: 0 };
    clusters.set(tasks[i]!, { sum: own.sum + value, count: own.count + 1 });
  });
  return [...clusters.values()];
};

const average = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;
