import {
  forMasked,
  mean,
  membersOf,
  type Objective,
  type Ragged,
  tokensOf,
  zerosLike,
} from "./batch.ts";

/** Responses with the side that each is on; rows of one prompt share a group. */
export interface PreferenceBatch {
  readonly logp: Ragged;
  readonly ref_logp: Ragged;
  readonly mask: Ragged;
  readonly group: readonly (number | string)[];
  readonly winner: readonly boolean[];
}

export interface PreferenceConfig {
  readonly kind: "dpo" | "gepo" | "softmax-group";
  readonly beta: number;
  /** GEPO: weight of the winners' variance. */
  readonly lambda: number;
  /** GEPO: the variance is of beta times the log-ratio (the paper leaves open which is meant). */
  readonly beta_inside_variance: boolean;
  /** GEPO: divided by n - 1 instead of n (left open too). */
  readonly sample_variance: boolean;
  /** The log-ratio is divided by the number of tokens. */
  readonly length_normalised: boolean;
}

/** One group's loss, its derivative at each row's log-ratio, and the winners' variance. */
export interface GroupLoss {
  readonly loss: number;
  readonly slopes: readonly number[];
  readonly variance: number;
}

/**
 * Mean over groups of a preference loss on `rhat`, the sum over a row's tokens of `logp - ref_logp`. The
 * derivative at a token is the row's slope, so a caller can find the slopes from log-probs alone and
 * back-propagate them in a second pass.
 */
export const preferenceObjective = (
  config: PreferenceConfig,
  batch: PreferenceBatch,
): Objective => {
  const tokens = tokensOf(batch.mask);
  const rhat = batch.mask.map(() => 0);
  forMasked(batch.mask, (row, t) => {
    rhat[row]! += batch.logp[row]![t]! - batch.ref_logp[row]![t]!;
  });
  const scale = (row: number): number =>
    config.length_normalised ? 1 / Math.max(1, tokens[row]!) : 1;
  rhat.forEach((_, row) => rhat[row]! *= scale(row));

  const groups = membersOf(batch.group);
  const slopes = rhat.map(() => 0);
  const chosen: number[] = [];
  const rejected: number[] = [];
  const variances: number[] = [];
  let loss = 0;
  for (const rows of groups) {
    const winners = rows.filter((row) => batch.winner[row]);
    const losers = rows.filter((row) => !batch.winner[row]);
    if (winners.length === 0 || losers.length === 0) {
      throw new RangeError(`group ${batch.group[rows[0]!]} needs a winner and a loser`);
    }
    const of = (some: readonly number[]): number[] => some.map((row) => rhat[row]!);
    const group = groupLoss(config, of(winners), of(losers));
    loss += group.loss / groups.length;
    [...winners, ...losers].forEach((row, i) => {
      slopes[row] = group.slopes[i]! * scale(row) / groups.length;
    });
    chosen.push(config.beta * mean(of(winners)));
    rejected.push(config.beta * mean(of(losers)));
    variances.push(group.variance);
  }

  const dlogp = zerosLike(batch.mask);
  forMasked(batch.mask, (row, t) => {
    dlogp[row]![t] = slopes[row]!;
  });
  return {
    loss,
    dlogp,
    metrics: {
      preference_loss: loss - penaltyWeight(config) * mean(variances),
      winner_variance: mean(variances),
      "rewards/chosen": mean(chosen),
      "rewards/rejected": mean(rejected),
      "rewards/margins": mean(chosen) - mean(rejected),
      "rewards/accuracies": mean(chosen.map((c, i) => c > rejected[i]! ? 1 : 0)),
    },
  };
};

const groupLoss = (
  config: PreferenceConfig,
  winners: readonly number[],
  losers: readonly number[],
): GroupLoss => {
  const variance = mean(winners.map((r) => (r - mean(winners)) ** 2)) * bessel(config, winners);
  return config.kind === "softmax-group"
    ? softmaxLoss(config, winners, losers, variance)
    : gepoLoss(config, winners, losers, variance);
};

/**
 * GEPO (arXiv 2505.12723, equation 9): `-log sigmoid(beta (mean of winners - mean of losers)) + lambda
 * variance of the winners` (by default the population's, beta outside it). One winner and one loser: DPO.
 */
const gepoLoss = (
  config: PreferenceConfig,
  winners: readonly number[],
  losers: readonly number[],
  variance: number,
): GroupLoss => {
  const { beta } = config;
  const penalty = penaltyWeight(config);
  const centre = mean(winners);
  const margin = beta * (centre - mean(losers));
  const s = sigmoid(-margin);
  const slope = 2 * penalty * bessel(config, winners);
  return {
    loss: softplus(-margin) + penalty * variance,
    variance,
    slopes: [
      ...winners.map((r) => (-beta * s + slope * (r - centre)) / winners.length),
      ...losers.map(() => beta * s / losers.length),
    ],
  };
};

/** SWEPO's shape without its weights (arXiv 2412.04628): `-log(sum over winners / sum over all)` of exp(beta rhat). */
const softmaxLoss = (
  { beta }: PreferenceConfig,
  winners: readonly number[],
  losers: readonly number[],
  variance: number,
): GroupLoss => {
  const scores = [...winners, ...losers].map((r) => beta * r);
  const top = Math.max(...scores);
  const topWinner = Math.max(...scores.slice(0, winners.length));
  const sum = (some: readonly number[], shift: number): number =>
    some.reduce((total, x) => total + Math.exp(x - shift), 0);
  const all = sum(scores, top);
  const won = sum(scores.slice(0, winners.length), topWinner);
  return {
    loss: top + Math.log(all) - topWinner - Math.log(won),
    variance,
    slopes: scores.map((x, i) =>
      beta *
      (Math.exp(x - top) / all - (i < winners.length ? Math.exp(x - topWinner) / won : 0))
    ),
  };
};

/** From the population's variance to the sample's. */
const bessel = (config: PreferenceConfig, { length }: readonly number[]): number =>
  config.sample_variance && length > 1 ? length / (length - 1) : 1;

const penaltyWeight = ({ kind, lambda, beta, beta_inside_variance }: PreferenceConfig): number =>
  kind === "gepo" ? lambda * (beta_inside_variance ? beta * beta : 1) : 0;

/** log(1 + exp(x)) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const sigmoid = (x: number): number =>
  x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
