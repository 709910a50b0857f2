const DRAWS = 2000;

/** Of shares in [0, 1] or their differences: the mean, and its 95 % interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Mean of all values and its interval: seeds are drawn with replacement, then problems within each. */
export const interval = (seeds: readonly (readonly number[])[]): Interval => {
  const mean = average(seeds.map(average));
  let state = 1;
  // xorshift32: the page must come out the same every time.
  const below = (n: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  const draws = Array.from({ length: DRAWS }, () =>
    average(seeds.map(() => {
      const own = seeds[below(seeds.length)]!;
      let sum = 0;
      for (let i = 0; i < own.length; i++) sum += own[below(own.length)]!;
      return sum / own.length;
    }))).sort((a, b) => a - b);
  return {
    mean,
    low: draws[Math.floor(0.025 * DRAWS)]!,
    high: draws[Math.ceil(0.975 * DRAWS) - 1]!,
  };
};

const average = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;
