/** A share of something with its 95 % interval, each in [0, 1]. */
export interface Share {
  readonly pass_at_1: number;
  readonly low: number;
  readonly high: number;
}

/** What one cluster adds to a ratio: `sum` of the values of its `count` members. */
export interface Cluster {
  readonly sum: number;
  readonly count: number;
}

const RESAMPLES = 2000;
const Z_95 = 1.959963984540054;

/** A figure with its 95 % interval, in the unit of the figure. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The ratio sum/count over all clusters, with a 95 % interval from the cluster bootstrap: whole clusters
 * are drawn with replacement 2,000 times, and the 2.5 and 97.5 percentiles of the ratio are taken
 * (Davison and Hinkley, Bootstrap Methods and their Application, section 3.8). The members of a cluster
 * depend on each other, so drawing them one by one would make the interval too narrow.
 *
 * Where every draw gives the same ratio (all pass, none passes, a single cluster) the bootstrap has
 * nothing to say and would claim certainty; Wilson's interval over the number of clusters stands in.
 */
export const clusterInterval = (clusters: readonly Cluster[], seed: number): Share => {
  const filled = clusters.filter((cluster) => cluster.count > 0);
  if (filled.length === 0) return { pass_at_1: 0, low: 0, high: 1 };
  const { value, low, high } = bootstrap(filled, seed);
  return high - low < 1e-12 ? wilson(value, filled.length) : { pass_at_1: value, low, high };
};

/**
 * The same of a difference of two shares, in [-1, 1]: `sum` is of differences. Where every draw gives the
 * same one, it may be off by as much as Wilson's interval allows a share that no cluster showed.
 */
export const differenceInterval = (clusters: readonly Cluster[], seed: number): Estimate => {
  const filled = clusters.filter((cluster) => cluster.count > 0);
  if (filled.length === 0) return { value: 0, low: -1, high: 1 };
  const { value, low, high } = bootstrap(filled, seed);
  if (high - low >= 1e-12) return { value, low, high };
  const slack = wilson(0, filled.length).high;
  return { value, low: Math.max(-1, value - slack), high: Math.min(1, value + slack) };
};

/** The ratio and its percentiles; of anything that clusters hold, not only shares. */
export const bootstrap = (filled: readonly Cluster[], seed: number): Estimate => {
  const ratio = ratioOf(filled);
  const uniform = counterRandom(seed);
  const draws = new Float64Array(RESAMPLES);
  let counter = 0;
  for (let draw = 0; draw < RESAMPLES; draw++) {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < filled.length; i++) {
      const cluster = filled[Math.floor(uniform(counter++) * filled.length)]!;
      sum += cluster.sum;
      count += cluster.count;
    }
    draws[draw] = sum / count;
  }
  draws.sort();
  // With very few clusters the percentiles can leave the estimate outside; an interval holds its centre.
  return {
    value: ratio,
    low: Math.min(quantile(draws, 0.025), ratio),
    high: Math.max(quantile(draws, 0.975), ratio),
  };
};

/** Wilson's score interval for a share `p` of `n` independent trials. */
export const wilson = (p: number, n: number): Share => {
  const z2 = Z_95 * Z_95;
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z_95 / (1 + z2 / n)) * Math.sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {
    pass_at_1: p,
    low: Math.min(p, Math.max(0, centre - half)),
    high: Math.max(p, Math.min(1, centre + half)),
  };
};

const ratioOf = (clusters: readonly Cluster[]): number => {
  let sum = 0;
  let count = 0;
  for (const cluster of clusters) {
    sum += cluster.sum;
    count += cluster.count;
  }
  return sum / count;
};

const quantile = (sorted: Float64Array, q: number): number => {
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const left = sorted[below]!;
  const right = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return left + (right - left) * (position - below);
};

/** Uniform numbers in [0, 1) as a function of seed and counter (the finaliser of MurmurHash3, twice). */
const counterRandom = (seed: number) => (counter: number): number =>
  mix(mix(counter + 0x9e3779b9) ^ mix(seed)) / 4294967296;

const mix = (x: number): number => {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
};
