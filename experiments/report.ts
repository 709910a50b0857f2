import { type Cell, type Experiment, readResults, type Result } from "./experiment.ts";

const DRAWS = 2000;

/** What came out, as a page: every arm's pass rates, and how they differ from the baseline's. */
export const report = (name: string, experiment: Experiment, cells: readonly Cell[]): string =>
  reportOf(name, experiment, cells, readResults(name, cells));

export const reportOf = (
  name: string,
  experiment: Experiment,
  cells: readonly Cell[],
  results: readonly Result[],
): string => {
  const device = results[0]?.device;
  const groups = Object.entries(experiment.groups ?? { "": undefined });
  return [
    `# ${experiment.title}`,
    "",
    `Made by \`just experiment ${name}\` from [experiments/${name}.json](../../experiments/${name}.json) and the files of ` +
    `[${name}](${name}), one an arm and seed. ${results.length} of ${cells.length} are there.`,
    "",
    "pass@1 on the same held-out problems before and after, in per cent, mean over seeds. Differences are to the arm " +
    `*${experiment.baseline}* with the same seed on the same problem. Brackets: 95 %, bootstrap over seeds and problems` +
    " (over problems alone where there is one seed).",
    ...groups.flatMap(([group, languages]) => [
      "",
      ...(languages === undefined ? [] : [`## Into ${languages.join(", ")}: ${group}`, ""]),
      ...table(experiment, results, languages),
      ...curves(experiment, results, languages),
    ]),
    "",
    device === undefined ? "No arm is done yet." : `Device: ${device}.`,
    "",
  ].join("\n");
};

type Languages = readonly string[] | undefined;

const table = (experiment: Experiment, results: readonly Result[], languages: Languages) => {
  const lines = [
    "| arm | seeds | seconds | greedy before | after | difference | T=1 before | after | difference |",
    "|---|---|---|---|---|---|---|---|---|",
  ];
  const baseline = results.filter(({ arm }) => arm === experiment.baseline);
  for (const arm of Object.keys(experiment.arms)) {
    const own = results.filter((result) => result.arm === arm);
    if (own.length === 0) continue;
    const seconds = own.reduce((sum, each) => sum + each.seconds, 0) / own.length;
    const cells = ["greedy", "sampled"].flatMap((kind) => {
      const rate = (when: string) =>
        interval(own.map((each) => bits(each, `${kind} ${when}`, languages)));
      const pairs = own.flatMap((each) => {
        const other = baseline.find(({ seed }) => seed === each.seed);
        if (other === undefined) return [];
        const theirs = bits(other, `${kind} after`, languages);
        return [bits(each, `${kind} after`, languages).map((bit, i) => bit - theirs[i]!)];
      });
      const difference = arm === experiment.baseline || pairs.length === 0
        ? ""
        : show(interval(pairs), true);
      return [show(rate("before")), show(rate("after")), difference];
    });
    lines.push(`| ${arm} | ${own.length} | ${Math.round(seconds)} | ${cells.join(" | ")} |`);
  }
  return lines;
};

/** How it went on the way, at T=1, where evaluations were made on the way. */
const curves = (experiment: Experiment, results: readonly Result[], languages: Languages) => {
  const stepsOf = ({ passes }: Result) =>
    Object.keys(passes).flatMap((key) => /^sampled step (\d+)$/.exec(key)?.[1] ?? []).map(Number);
  const arms = Object.keys(experiment.arms).flatMap((arm) => {
    const own = results.filter((result) => result.arm === arm);
    const steps = own.length === 0 ? [] : stepsOf(own[0]!);
    if (steps.length === 0) return [];
    const rates = steps.map((step) => {
      const { mean } = interval(own.map((each) => bits(each, `sampled step ${step}`, languages)));
      return `${step}: ${(100 * mean).toFixed(1)}`;
    });
    return [`| ${arm} | ${rates.join(", ")} |`];
  });
  return arms.length === 0 ? [] : [
    "",
    "| arm | T=1 by step; weights that are kept are the best in the rewarded language |",
    "|---|---|",
    ...arms,
  ];
};

/** Problems that were not judged count as failed: they are none in a sound run. */
const bits = ({ passes, targets }: Result, name: string, languages: Languages): readonly number[] =>
  [...passes[name] ?? ""].flatMap((digit, i) =>
    languages === undefined || languages.includes(targets[i]!) ? [digit === "1" ? 1 : 0] : []
  );

interface Interval {
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

const show = ({ mean, low, high }: Interval, signed = false): string => {
  const text = (x: number) => `${signed && x > 0 ? "+" : ""}${(100 * x).toFixed(1)}`;
  return `${text(mean)} [${text(low)}, ${text(high)}]`;
};
