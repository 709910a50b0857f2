import { bootstrap, type Cluster, clusterInterval, type Estimate } from "./interval.ts";
import type { Likelihood } from "./answers.ts";
import { renderTable } from "./table.ts";

/**
 * How well a model tells programs of one functionality from others, over groups it was not trained on:
 * the share of pairs (winner, loser) of a group of which the winner scores higher, ties counting half.
 */
export interface Recognition {
  readonly groups: number;
  /** `all`, and each tier of losers by itself. */
  readonly tiers: Readonly<Record<string, TierRecognition>>;
  /** Standard deviation of the winners' scores in a group, mean over groups with two or more. */
  readonly spread: Scores<Estimate | null>;
}

export type TierRecognition = Scores<Estimate> & { readonly pairs: number };

/**
 * `likelihood_...`: by the log-prob per token, which needs no reference. `rhat`: by GEPO's implicit reward
 * (arXiv 2505.12723, equation 7 without beta), the whole answer's log-prob after training less that before;
 * before training it is 0 for all, so it has no figure there.
 */
export interface Scores<T> {
  readonly likelihood_before?: T;
  readonly likelihood_after: T;
  readonly rhat?: T;
}

/** `before` and `after`: the same groups and answers under the two models; without `before`, one model. */
export const recognition = (
  after: readonly (readonly Likelihood[])[],
  before: readonly (readonly Likelihood[])[] | undefined,
  seed = 0,
): Recognition => {
  const perToken = (groups: readonly (readonly Likelihood[])[]): Scored[][] =>
    groups.map((group) => group.map((one) => ({ ...one, score: one.logprob / one.tokens })));
  const ways: Scores<Scored[][]> = {
    ...(before === undefined ? {} : { likelihood_before: perToken(before) }),
    likelihood_after: perToken(after),
    ...(before === undefined ? {} : {
      rhat: after.map((group, g) =>
        group.map((one, i) => ({ ...one, score: one.logprob - before[g]![i]!.logprob }))
      ),
    }),
  };
  const each = <T>(measure: (groups: Scored[][]) => T): Scores<T> =>
    Object.fromEntries(
      Object.entries(ways).map(([way, groups]) => [way, measure(groups)]),
    ) as unknown as Scores<T>;
  const tiers = [...new Set(after.flat().flatMap(({ tier }) => tier === undefined ? [] : [tier]))];
  const tier = (keep: (tier: string | undefined) => boolean): TierRecognition => ({
    pairs: after.reduce((sum, group) => sum + pairsOf(group, keep).length, 0),
    ...each((groups) => {
      const { pass_at_1: value, low, high } = clusterInterval(
        groups.map((group) => wins(pairsOf(group, keep))),
        seed,
      );
      return { value, low, high };
    }),
  });
  return {
    groups: after.length,
    tiers: {
      all: tier(() => true),
      ...Object.fromEntries(tiers.sort().map((name) => [name, tier((other) => other === name)])),
    },
    spread: each((groups) => spread(groups, seed)),
  };
};

/** A row for every tier, and the winners' spread. */
export const recognitionTable = ({ tiers, spread }: Recognition): string => {
  const ways = [
    ["likelihood_before", "likelihood before"],
    ["likelihood_after", "likelihood after"],
    ["rhat", "rhat"],
  ] as const;
  const shown = ways.filter(([way]) => spread[way] !== undefined);
  return renderTable(
    [
      { title: "winner above loser, %" },
      { title: "pairs", align: "right" },
      ...shown.map(([, title]) => ({ title: shown.length === 1 ? "likelihood" : title })),
    ],
    [
      ...Object.entries(tiers).map(([name, tier]) => [
        name,
        String(tier.pairs),
        ...shown.map(([way]) => formatEstimate(tier[way]!, 100, 1)),
      ]),
      // Where every group has one winner there is none.
      ...(spread.likelihood_after === null ? [] : [[
        "winners' spread, nats",
        "",
        ...shown.map(([way]) => spread[way] ? formatEstimate(spread[way]!, 1, 3) : ""),
      ]]),
    ],
  );
};

interface Scored {
  readonly winner: boolean;
  readonly tier?: string;
  readonly score: number;
}

const pairsOf = <T extends Pick<Likelihood, "winner" | "tier">>(
  group: readonly T[],
  keep: (tier: string | undefined) => boolean,
): [winner: T, loser: T][] => {
  const losers = group.filter(({ winner, tier }) => !winner && keep(tier));
  return group.filter(({ winner }) => winner)
    .flatMap((winner) => losers.map((loser): [T, T] => [winner, loser]));
};

const wins = (pairs: readonly (readonly [Scored, Scored])[]): Cluster => ({
  sum: pairs.reduce(
    (sum, [w, l]) => sum + (w.score > l.score ? 1 : w.score === l.score ? 0.5 : 0),
    0,
  ),
  count: pairs.length,
});

const spread = (groups: readonly (readonly Scored[])[], seed: number): Estimate | null => {
  const clusters = groups.flatMap((group) => {
    const scores = group.filter(({ winner }) => winner).map(({ score }) => score);
    if (scores.length < 2) return [];
    const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
    const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
    return [{ sum: Math.sqrt(variance), count: 1 }];
  });
  return clusters.length === 0 ? null : bootstrap(clusters, seed);
};

const formatEstimate = ({ value, low, high }: Estimate, scale: number, digits: number): string => {
  const [v, l, h] = [value, low, high].map((figure) => (scale * figure).toFixed(digits));
  return `${v} [${l}, ${h}]`;
};
