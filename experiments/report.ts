import { type Experiment, outcomes, type Result } from "./experiment.ts";
import { type Interval, interval } from "./interval.ts";

/** Target languages that are looked at together; `undefined` are all of them. */
export type Languages = readonly string[] | undefined;

/** The arms that have a result, with their results. */
export const armsOf = (
  experiment: Experiment,
  results: readonly Result[],
): readonly (readonly [arm: string, own: readonly Result[]])[] =>
  Object.keys(experiment.arms)
    .map((arm) => [arm, results.filter((result) => result.arm === arm)] as const)
    .filter(([, own]) => own.length > 0);

export const groupsOf = (experiment: Experiment): readonly (readonly [string, Languages])[] =>
  Object.entries(experiment.groups ?? { "": undefined });

/** What came out, as a section of the page: every arm's pass rates, how they differ from the baseline's, its faults. */
export const section = (
  name: string,
  experiment: Experiment,
  cells: number,
  results: readonly Result[],
): string => {
  const devices = [...new Set(results.map(({ device }) => device))];
  return [
    `## ${experiment.title}`,
    "",
    `\`just experiment ${name}\`: the arms of [experiments/${name}.json](../experiments/${name}.json), each ` +
    `[${experiment.recipe}](../${experiment.recipe}) with its own changes, seeds ${
      experiment.seeds.join(", ")
    }. ${results.length} of ${cells} are there` +
    (results.length === 0
      ? "."
      : `, a file each in [results/${name}](results/${name}) with its command.`),
    ...(results.length === 0 ? [] : [
      "",
      "pass@1 on the same held-out problems before and after, in per cent, mean over seeds. Differences are to the arm " +
      `*${experiment.baseline}* with the same seed on the same problem. Brackets: 95 %, bootstrap over seeds and ` +
      "problems (over problems alone where there is one seed).",
      ...groupsOf(experiment).flatMap(([group, languages]) => [
        "",
        ...(languages === undefined ? [] : [`### Into ${languages.join(", ")}: ${group}`, ""]),
        ...passTable(experiment, results, languages),
        "",
        ...faultTable(experiment, results, languages),
        ...curveTable(experiment, results, languages),
      ]),
      "",
      `Device: ${devices.join(", ")}.`,
    ]),
    "",
  ].join("\n");
};

const passTable = (experiment: Experiment, results: readonly Result[], languages: Languages) => {
  const baseline = results.filter(({ arm }) => arm === experiment.baseline);
  const rows = armsOf(experiment, results).map(([arm, own]) => {
    const seconds = own.reduce((sum, each) => sum + each.seconds, 0) / own.length;
    const cells = ["greedy", "sampled"].flatMap((kind) => {
      const pairs = own.flatMap((each) => {
        const other = baseline.find(({ seed }) => seed === each.seed);
        if (other === undefined) return [];
        const theirs = bits(other, `${kind} after`, languages);
        return [bits(each, `${kind} after`, languages).map((bit, i) => bit - theirs[i]!)];
      });
      const difference = arm === experiment.baseline || pairs.length === 0
        ? ""
        : show(interval(pairs), true);
      return [
        show(passRate(own, `${kind} before`, languages)),
        show(passRate(own, `${kind} after`, languages)),
        difference,
      ];
    });
    return `| ${arm} | ${own.length} | ${Math.round(seconds)} | ${cells.join(" | ")} |`;
  });
  return [
    "| arm | seeds | seconds | greedy before | after | difference | T=1 before | after | difference |",
    "|---|---|---|---|---|---|---|---|---|",
    ...rows,
  ];
};

/** Faults that all languages share beside those of one language: the first kind can carry over, the second cannot. */
const faultTable = (experiment: Experiment, results: readonly Result[], languages: Languages) => {
  const rows = armsOf(experiment, results).map(([arm, own]) => {
    const cells = (["reading", "printing", "both", "other"] as const).map((fault) => {
      const share = (when: string) =>
        percent(rate(own, `sampled ${when}`, languages, outcomes[fault]).mean);
      return `${share("before")} to ${share("after")}`;
    });
    return `| ${arm} | ${cells.join(" | ")} |`;
  });
  return [
    "| arm | T=1: slips of reading, % | slips of printing | both | any other fault |",
    "|---|---|---|---|---|",
    ...rows,
  ];
};

/** Pass rates on the way, at T=1, where evaluations were made on the way. */
export const curveOf = (
  own: readonly Result[],
  languages: Languages,
): readonly { readonly step: number; readonly mean: number }[] =>
  Object.keys(own[0]?.outcomes ?? {})
    .flatMap((key) => /^sampled step (\d+)$/.exec(key)?.[1] ?? [])
    .map((step) => ({
      step: Number(step),
      mean: passRate(own, `sampled step ${step}`, languages).mean,
    }));

const curveTable = (experiment: Experiment, results: readonly Result[], languages: Languages) => {
  const rows = armsOf(experiment, results).flatMap(([arm, own]) => {
    const points = curveOf(own, languages).map(({ step, mean }) => `${step}: ${percent(mean)}`);
    return points.length === 0 ? [] : [`| ${arm} | ${points.join(", ")} |`];
  });
  return rows.length === 0 ? [] : [
    "",
    "| arm | T=1 by step; weights that are kept are the best in the rewarded language |",
    "|---|---|",
    ...rows,
  ];
};

export const passRate = (own: readonly Result[], name: string, languages: Languages): Interval =>
  rate(own, name, languages, outcomes.pass);

const rate = (own: readonly Result[], name: string, languages: Languages, letter: string) =>
  interval(own.map((each) => bits(each, name, languages, letter)));

/** Problems that were not judged count as failed: they are none in a sound run. */
const bits = (
  { outcomes: letters, targets }: Result,
  name: string,
  languages: Languages,
  letter: string = outcomes.pass,
): readonly number[] =>
  [...letters[name] ?? ""].flatMap((own, i) =>
    languages === undefined || languages.includes(targets[i]!) ? [own === letter ? 1 : 0] : []
  );

const percent = (share: number): string => (100 * share).toFixed(1);

const show = ({ mean, low, high }: Interval, signed = false): string => {
  const text = (x: number) => `${signed && x > 0 ? "+" : ""}${percent(x)}`;
  return `${text(mean)} [${text(low)}, ${text(high)}]`;
};
