/** A number per token of every row; rows are ragged, in no order of groups. */
export type Ragged = readonly ArrayLike<number>[];

/** What a policy objective sees: log-probs of the tokens that were sampled, and the rows' rewards. */
export interface PolicyBatch {
  /** Of the policy now. */
  readonly logp: Ragged;
  /** Of the policy that sampled; of the proximal policy where `behaviour_logp` is given. */
  readonly old_logp: Ragged;
  /** Of the reference policy; needed for KL terms and their metrics. */
  readonly ref_logp?: Ragged;
  /** Of the policy that sampled, where that was an older one (decoupled objective). */
  readonly behaviour_logp?: Ragged;
  /** 1 where the model wrote the token and it counts. */
  readonly mask: Ragged;
  readonly rewards: ArrayLike<number>;
  /** The prompt that each row belongs to. */
  readonly group: ArrayLike<number>;
  /** Rows cut off at the length limit. */
  readonly truncated?: readonly boolean[];
}

export type Normalise = "token" | "sequence" | "constant";

/** The formula, complete: what is absent is off. Names of methods as in the literature. */
export interface PolicyConfig {
  readonly method:
    | "reinforce++"
    | "reinforce++-baseline"
    | "rloo"
    | "grpo"
    | "dapo"
    | "dr-grpo"
    | "gspo"
    | "cispo";
  readonly clip_low?: number;
  readonly clip_high?: number;
  /** CISPO: bound of the ratio itself. */
  readonly max_ratio?: number;
  /** Sum over tokens divided by their number in the batch; mean of rows' means; or by rows * max_length. */
  readonly normalise?: Normalise;
  readonly max_length?: number;
  /** REINFORCE++: k1 in the token reward. */
  readonly kl_coefficient?: number;
  /** REINFORCE++: discount of the return. */
  readonly gamma?: number;
  /** Weight of the k2 term in the loss. */
  readonly kl_loss?: number;
  /** Decoupled objective: cap of exp(old_logp - behaviour_logp). */
  readonly behaviour_cap?: number;
  /** DAPO's soft penalty on rows longer than max_length - cache. */
  readonly overlong_penalty?: { readonly max_length: number; readonly cache: number };
  /** Rows that were cut off leave the loss, but stay in their group's statistics. */
  readonly mask_truncated?: boolean;
  /** Groups whose rewards are all equal leave the loss. */
  readonly dynamic_sampling?: boolean;
}

/** A loss to minimise, its derivative at every log-prob, and what was seen on the way. */
export interface Objective {
  readonly loss: number;
  /** 0 where the mask is 0. */
  readonly dlogp: Float64Array[];
  /** One number a token (REINFORCE++) or a row (all others). */
  readonly advantages?: readonly (Float64Array | number)[];
  readonly metrics: Readonly<Record<string, number>>;
}

export const masked = (mask: ArrayLike<number>): number => {
  let count = 0;
  for (let t = 0; t < mask.length; t++) count += mask[t]!;
  return count;
};

export const zeros = (like: Ragged): Float64Array[] =>
  like.map((row) => new Float64Array(row.length));

/** Rows of each group, groups in order of first appearance. */
export const rowsByGroup = (group: ArrayLike<number>): readonly (readonly number[])[] => {
  const rows = new Map<number, number[]>();
  for (let i = 0; i < group.length; i++) {
    const known = rows.get(group[i]!);
    if (known) known.push(i);
    else rows.set(group[i]!, [i]);
  }
  return [...rows.values()];
};

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, v) => sum + v, 0) / values.length;

/** Standard deviation with `ddof` fewer degrees of freedom; 0 where that leaves none. */
export const deviation = (values: readonly number[], ddof: 0 | 1): number => {
  if (values.length <= ddof) return 0;
  const centre = mean(values);
  const squares = values.reduce((sum, v) => sum + (v - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - ddof));
};
