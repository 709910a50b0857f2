/** One completion with what the sandbox said about it: the row that every figure here is made of. */
export interface JudgedSample {
  readonly task: string;
  readonly family: string;
  /** Language of the program in the prompt; `statement` where the prompt is prose. */
  readonly source: string;
  readonly target: string;
  /** Number of this sample among those of the same task, source and target, from 0. */
  readonly index: number;
  /** What the model was given to translate or solve, as a reader wants to see it (no template tags). */
  readonly given: string;
  /** The code taken out of the completion. */
  readonly code: string;
  /** One of the sandbox's verdict classes. */
  readonly verdict: string;
}

export const passed = (sample: JudgedSample): boolean => sample.verdict === "pass";

/** An infrastructure error says nothing about the program, so no figure counts it. */
export const scores = (sample: JudgedSample): boolean => sample.verdict !== "infrastructure";

export const pairOf = (sample: JudgedSample): string => `${sample.source}->${sample.target}`;

/** Names a problem: what one model is asked once or several times. */
export const problemOf = (sample: JudgedSample): string => `${sample.task} ${pairOf(sample)}`;

/** Share of samples lost to infrastructure errors, in [0, 1]. */
export const infrastructureRate = (samples: readonly JudgedSample[]): number =>
  samples.length === 0 ? 0 : samples.filter((sample) => !scores(sample)).length / samples.length;

/** How many samples got each verdict, in order of first appearance. */
export const verdictMix = (
  samples: readonly { readonly verdict: string }[],
): Record<string, number> => {
  const mix: Record<string, number> = {};
  for (const { verdict } of samples) mix[verdict] = (mix[verdict] ?? 0) + 1;
  return mix;
};
