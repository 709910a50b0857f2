import {
  type Comparison,
  comparisonTable,
  flipsText,
  type JudgedSample,
} from "../../../ts/evaluate/mod.ts";
import { layout, readRows } from "../../../ts/runs/mod.ts";

/**
 * What a run tells at its end: pass@1 before and after, three programs that pass now and one that does
 * so no longer, side by side. Nothing if the run evaluated nothing.
 */
export const reportOf = async (
  folder: string,
  rewarded: readonly string[],
  width: number,
): Promise<string | undefined> => {
  const comparisons = await readComparisons(folder);
  if (comparisons.length === 0) return undefined;
  const greedy = comparisons.find(({ temperature }) => temperature === 0) ?? comparisons[0]!;
  return [
    comparisonTable(comparisons, rewarded),
    "95 % intervals in brackets, in per cent: bootstrap over tasks",
    "",
    flipsText(greedy, { gained: 3, lost: 1 }, width),
  ].join("\n");
};

/** The samples of before and after at each temperature that was measured on both sides. */
export const readComparisons = async (folder: string): Promise<Comparison[]> => {
  const rows = await readRows(layout(folder).evaluations) as unknown as EvaluationRow[];
  const temperatures = [...new Set(rows.map(({ temperature }) => temperature))];
  const at = (when: string, temperature: number): JudgedSample[] =>
    rows.filter((row) => row.when === when && row.temperature === temperature);
  return temperatures
    .map((temperature) => ({
      temperature,
      before: at("before", temperature),
      after: at("after", temperature),
    }))
    .filter(({ before, after }) => before.length > 0 && after.length > 0);
};

interface EvaluationRow extends JudgedSample {
  readonly step: number;
  readonly when: string;
  readonly temperature: number;
}
