import type { ImportOptions } from "./import.ts";

/** What a public set's own terms and makers allow. */
interface Terms {
  /** SPDX name, where the set has one licence. */
  readonly licence: string | undefined;
  /** Made to measure with: training on it would spoil every figure. */
  readonly evaluation?: true;
  /** Not for commercial use: taken only by who names the licence, and so has read it. */
  readonly restricted?: true;
}

export const terms = {
  mbxp: { licence: "CC-BY-4.0" },
  "humaneval-x": { licence: "Apache-2.0", evaluation: true },
  "multipl-e": { licence: "MIT", evaluation: true },
  exercism: { licence: "MIT" },
  apps: { licence: "MIT" },
  "synthetic-1": { licence: "Apache-2.0" },
  codeforces: { licence: "CC-BY-4.0" },
  sltrans: { licence: "CC-BY-NC-SA-4.0", restricted: true },
  jsonl: { licence: undefined },
} as const satisfies Readonly<Record<string, Terms>>;

/**
 * The licence that a set's rows get. Throws a RangeError where the set must not be trained on, or where
 * what may be done with it is not known or restricted and the caller has not named the licence.
 */
export const licenceOf = (
  format: keyof typeof terms,
  options: Pick<ImportOptions, "split" | "holdOut" | "licence">,
): string => {
  const { licence, evaluation, restricted }: Terms = terms[format];
  if (evaluation && (options.split === "train" || options.holdOut !== undefined)) {
    throw new RangeError(`${format} is an evaluation set: its tasks are held-out, never train`);
  }
  if (options.licence !== undefined) return options.licence;
  if (licence === undefined && options.split !== "held-out") {
    throw new RangeError(
      `${format}: the rows may be trained on and their licence is unknown; name it with --licence`,
    );
  }
  if (restricted) {
    throw new RangeError(
      `${format} is under ${licence}, which restricts its use; take it with --licence ${licence}`,
    );
  }
  return licence ?? "unknown";
};
