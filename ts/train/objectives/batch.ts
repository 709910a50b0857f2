/** One row a response, one number a token; rows differ in length. */
export type Ragged = readonly ArrayLike<number>[];

/** What a policy objective is a function of. All lists have one entry a response, in no order of groups. */
export interface PolicyBatch {
  /** Natural log-probs under the policy of now, the one that is differentiated. */
  readonly logp: Ragged;
  /** Under the policy that sampled (with `behaviour_logp`: the proximal one). */
  readonly old_logp: Ragged;
  /** Under the reference policy; needed by the KL terms only. */
  readonly ref_logp?: Ragged;
  /** Under the policy that sampled, where that is older than `old_logp`'s. */
  readonly behaviour_logp?: Ragged;
  /** 1 where a token counts. */
  readonly mask: Ragged;
  readonly rewards: readonly number[];
  /** The prompt that a row belongs to. */
  readonly group: readonly (number | string)[];
  /** Rows cut off at the length limit. */
  readonly truncated?: readonly boolean[];
}

/** A loss to be minimised, and its derivative at every `logp` (0 where the mask is 0). */
export interface Objective {
  readonly loss: number;
  readonly dlogp: readonly Float64Array[];
  /** Under TRL's names. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Row numbers of each group, groups in order of first appearance. */
export const membersOf = (group: readonly (number | string)[]): number[][] => {
  const members = new Map<number | string, number[]>();
  group.forEach((name, row) => {
    const rows = members.get(name);
    if (rows === undefined) members.set(name, [row]);
    else rows.push(row);
  });
  return [...members.values()];
};

/** Calls `visit` for every token that counts. */
export const forMasked = (mask: Ragged, visit: (row: number, t: number) => void): void => {
  mask.forEach((tokens, row) => {
    for (let t = 0; t < tokens.length; t++) if (tokens[t] === 1) visit(row, t);
  });
};

/** Number of tokens that count in each row. */
export const tokensOf = (mask: Ragged): number[] =>
  mask.map((tokens) => {
    let n = 0;
    for (let t = 0; t < tokens.length; t++) if (tokens[t] === 1) n++;
    return n;
  });

export const zerosLike = (rows: Ragged): Float64Array[] =>
  rows.map((row) => new Float64Array(row.length));

/** exp of a log-ratio, bounded so that a policy far off gives a huge number and never an infinite one. */
export const ratioOf = (logRatio: number): number => Math.exp(Math.min(logRatio, 80));

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;

/** Standard deviation; `ddof` 0 of a population, 1 of a sample (0 for a single value). */
export const deviation = (values: readonly number[], ddof: 0 | 1): number => {
  if (values.length <= ddof) return 0;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - ddof));
};
