import { type Cell, type Experiment, readResults, type Result } from "./experiment.ts";

const DRAWS = 2000;

/** What came out, as a page: every arm's pass rates, and how they differ from the baseline's. */
export const report = (name: string, experiment: Experiment, cells: readonly Cell[]): string => {
  const results = readResults(name, cells);
  const lines = [
    `# ${experiment.title}`,
    "",
    `Made by \`just experiment ${name}\` from [experiments/${name}.json](../../experiments/${name}.json) and the files of ` +
    `[${name}](${name}), one an arm and seed. ${results.length} of ${cells.length} are there.`,
    "",
    "pass@1 on the same held-out problems before and after, in per cent, mean over seeds. Differences are to the arm " +
    `*${experiment.baseline}* with the same seed on the same problem. Brackets: 95 %, bootstrap over seeds and problems` +
    " (over problems alone where there is one seed).",
    "",
    "| arm | seeds | seconds | greedy before | after | difference | T=1 before | after | difference |",
    "|---|---|---|---|---|---|---|---|---|",
  ];
  const by = (arm: string) => results.filter((result) => result.arm === arm);
  const baseline = by(experiment.baseline);
  for (const arm of Object.keys(experiment.arms)) {
    const own = by(arm);
    if (own.length === 0) continue;
    const seconds = own.reduce((sum, each) => sum + each.seconds, 0) / own.length;
    const cells = ["greedy", "sampled"].flatMap((kind) => {
      const rate = (when: string) => interval(own.map((each) => bits(each, `${kind} ${when}`)));
      const pairs = own.flatMap((each) => {
        const other = baseline.find(({ seed }) => seed === each.seed);
        return other === undefined ? [] : [
          bits(each, `${kind} after`).map((bit, i) => bit - bits(other, `${kind} after`)[i]!),
        ];
      });
      const difference = arm === experiment.baseline || pairs.length === 0
        ? ""
        : show(interval(pairs), true);
      return [show(rate("before")), show(rate("after")), difference];
    });
    lines.push(`| ${arm} | ${own.length} | ${Math.round(seconds)} | ${cells.join(" | ")} |`);
  }
  const device = results[0]?.device;
  lines.push("", device === undefined ? "No arm is done yet." : `Device: ${device}.`, "");
  return lines.join("\n");
};

/** Problems that were not judged count as failed: they are none in a sound run. */
const bits = ({ passes }: Result, name: string): readonly number[] =>
  [...passes[name] ?? ""].map((digit) => digit === "1" ? 1 : 0);

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
