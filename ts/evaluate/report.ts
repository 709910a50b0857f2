import type { Share } from "./interval.ts";
import { flips } from "./flips.ts";
import { pairOf } from "./sample.ts";
import type { JudgedSample } from "./sample.ts";
import { passBy, shareOf } from "./score.ts";
import { renderTable, sideBySide } from "./table.ts";

/** Samples of one model at one temperature, before and after training. */
export interface Comparison {
  /** 0 is greedy. */
  readonly temperature: number;
  readonly before: readonly JudgedSample[];
  readonly after: readonly JudgedSample[];
}

/**
 * The table at the end of a run: pass@1 with 95 % intervals before and after, a column each for greedy
 * and sampled decoding, a row for all, for every source and every target. Targets whose completions
 * were never rewarded stand apart, since what they gain or lose is transfer.
 */
export const comparisonTable = (
  comparisons: readonly Comparison[],
  rewarded: readonly string[],
  seed = 0,
): string => {
  const ordered = [...comparisons].sort((a, b) => a.temperature - b.temperature);
  const columns = [
    { title: "held-out pass@1, %" },
    ...ordered.flatMap(({ temperature }) => [
      { title: `${decoding(temperature)} before` },
      { title: "after" },
      { title: "change", align: "right" as const },
    ]),
    { title: "samples", align: "right" as const },
  ];
  const row = (name: string, keep: (sample: JudgedSample) => boolean): string[] => {
    const cells = ordered.map((comparison) => {
      const before = shareOf(comparison.before.filter(keep), seed);
      const after = shareOf(comparison.after.filter(keep), seed);
      return { before, after };
    });
    return [
      name,
      ...cells.flatMap(({ before, after }) => [
        formatShare(before),
        formatShare(after),
        before.samples > 0 && after.samples > 0
          ? formatChange(after.pass_at_1 - before.pass_at_1)
          : "",
      ]),
      cells.map(({ after }) => String(after.samples)).join(" + "),
    ];
  };
  const everything = ordered.flatMap(({ before, after }) => [...before, ...after]);
  const languages = (side: "source" | "target"): string[] => Object.keys(passBy(everything, side));
  const isRewarded = (target: string): boolean => rewarded.includes(target);
  const targets = languages("target");
  const apart = targets.filter((target) => !isRewarded(target));
  return renderTable(columns, [
    row("all", () => true),
    ...languages("source").map((name) => row(`from ${name}`, (sample) => sample.source === name)),
    ...targets.filter(isRewarded).map((name) =>
      row(`to ${name}`, (sample) => sample.target === name)
    ),
    ...apart.map((name) => row(`to ${name} (never rewarded)`, (sample) => sample.target === name)),
    ...(apart.length > 1
      ? [row("to any never rewarded", (sample) => !isRewarded(sample.target))]
      : []),
  ]);
};

/** Programs whose outcome changed, side by side: the first `gained` and the first `lost` of them. */
export const flipsText = (
  comparison: Comparison,
  counts: { readonly gained: number; readonly lost: number },
  width: number,
): string => {
  const { gained, lost } = flips(comparison.before, comparison.after);
  const show = (title: string, some: typeof gained, count: number): string[] =>
    some.slice(0, count).map(({ before, after }, i) =>
      `${title} (${i + 1} of ${some.length}): ${after.task}, ${pairOf(after)}\n` +
      sideBySide([
        { title: after.source, text: after.given },
        { title: `before: ${before.verdict}`, text: before.code },
        { title: `after: ${after.verdict}`, text: after.code },
      ], width)
    );
  const blocks = [
    ...show("Passes now", gained, counts.gained),
    ...show("Passes no longer", lost, counts.lost),
  ];
  const none = [
    ...(gained.length === 0 ? ["No program passes now that failed before."] : []),
    ...(lost.length === 0 ? ["No program fails now that passed before."] : []),
  ];
  return [...blocks, ...none].join("\n\n");
};

/** One evaluation by itself: all, each source, each target. */
export const scoreTable = (samples: readonly JudgedSample[], seed = 0): string => {
  const rows: [string, Share & { samples: number }][] = [
    ["all", shareOf(samples, seed)],
    ...Object.entries(passBy(samples, "source", seed)).map((
      [name, share],
    ): [string, typeof share] => [`from ${name}`, share]),
    ...Object.entries(passBy(samples, "target", seed)).map((
      [name, share],
    ): [string, typeof share] => [`to ${name}`, share]),
  ];
  return renderTable(
    [{ title: "pass@1, %" }, { title: "95 % interval" }, { title: "samples", align: "right" }],
    rows.map((
      [name, share],
    ) => [name, percent(share.pass_at_1), interval(share), String(share.samples)]),
  );
};

/** `48.5 [43.1, 53.9]`, in per cent; empty without samples. */
export const formatShare = (share: Share & { readonly samples: number }): string =>
  share.samples === 0 ? "" : `${percent(share.pass_at_1)} ${interval(share)}`;

const percent = (share: number): string => (100 * share).toFixed(1);
const interval = (share: Share): string => `[${percent(share.low)}, ${percent(share.high)}]`;
const formatChange = (change: number): string =>
  (change >= 0 ? "+" : "") + (100 * change).toFixed(1);
const decoding = (temperature: number): string => temperature === 0 ? "greedy" : `T=${temperature}`;
