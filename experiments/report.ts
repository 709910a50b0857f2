import { type Experiment, type Finished, outcomes } from "./experiment.ts";
import { type Interval, interval, type Values } from "./interval.ts";

/** Target languages that are looked at together; `undefined` are all of them. */
export type Languages = readonly string[] | undefined;

/** The arms that have a result, with their results. */
export const armsOf = (
  experiment: Experiment,
  results: readonly Finished[],
): readonly (readonly [arm: string, own: readonly Finished[]])[] =>
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
  results: readonly Finished[],
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
      `*${experiment.baseline}* with the same seed on the same problem. Brackets: 95 %, bootstrap over seeds and over ` +
      "tasks within each (over tasks alone where there is one seed).",
      ...groupsOf(experiment).flatMap(([group, languages]) => [
        "",
        ...(languages === undefined ? [] : [`### Into ${languages.join(", ")}: ${group}`, ""]),
        ...passTable(experiment, results, languages),
        "",
        ...faultTable(experiment, results, languages),
        ...curveTable(experiment, results, languages),
        ...alsoTable(experiment, results, languages),
      ]),
      ...recognitionTable(experiment, results),
      "",
      `Device: ${devices.join(", ")}.`,
    ]),
    "",
  ].join("\n");
};

const passTable = (experiment: Experiment, results: readonly Finished[], languages: Languages) => {
  const baseline = results.filter(({ arm }) => arm === experiment.baseline);
  const staged = results.some(({ outcomes }) => "sampled step 0" in outcomes);
  const rows = armsOf(experiment, results).map(([arm, own]) => {
    const seconds = own.reduce((sum, each) => sum + each.seconds, 0) / own.length;
    const cells = ["greedy", "sampled"].flatMap((kind) => {
      const after = `${kind} after`;
      const gains = own.map((each) => less(each, after, each, startOf(each, kind), languages));
      const pairs = own.flatMap((each) => {
        const other = baseline.find(({ seed }) => seed === each.seed);
        return other === undefined ? [] : [less(each, after, other, after, languages)];
      });
      return [
        show(passRate(own, `${kind} before`, languages)),
        ...(staged
          ? [show(interval(own.map((each) => bits(each, startOf(each, kind), languages))))]
          : []),
        show(passRate(own, after, languages)),
        ...(staged ? [show(interval(gains), true)] : []),
        arm === experiment.baseline || pairs.length === 0 ? "" : show(interval(pairs), true),
      ];
    });
    return `| ${arm} | ${own.length} | ${Math.round(seconds)} | ${cells.join(" | ")} |`;
  });
  const columns = staged
    ? ["before", "before RL", "after", "RL's gain", "difference"]
    : ["before", "after", "difference"];
  const head = ["greedy", "T=1"].flatMap((kind) =>
    columns.map((column, i) => i === 0 ? `${kind} ${column}` : column)
  );
  return [
    `| arm | seeds | seconds | ${head.join(" | ")} |`,
    `|---|---|---|${"---|".repeat(head.length)}`,
    ...rows,
  ];
};

/** The name of what the last stage started from: measured by itself where there was a stage before it. */
const startOf = ({ outcomes }: Finished, kind: string): string =>
  `${kind} step 0` in outcomes ? `${kind} step 0` : `${kind} before`;

/** One measure less another, problem by problem. */
const less = (
  each: Finished,
  name: string,
  other: Finished,
  otherName: string,
  languages: Languages,
): Values => {
  const { values, tasks } = bits(each, name, languages);
  const theirs = bits(other, otherName, languages).values;
  return { values: values.map((value, i) => value - theirs[i]!), tasks };
};

/** Faults that all languages share beside those of one language: the first kind can carry over, the second cannot. */
const faultTable = (experiment: Experiment, results: readonly Finished[], languages: Languages) => {
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

/** Pass rates at T=1 by step of the last stage, where evaluations were made on the way. */
export const curveOf = (
  own: readonly Finished[],
  languages: Languages,
): readonly { readonly step: number; readonly rate: Interval }[] => {
  const [first] = own;
  if (first === undefined) return [];
  const steps = Object.keys(first.outcomes)
    .flatMap((key) => /^sampled step (\d+)$/.exec(key)?.[1] ?? []).map(Number);
  if (steps.length === 0) return [];
  return [...new Set([0, ...steps])].sort((a, b) => a - b).map((step) => {
    const name = step === 0 ? startOf(first, "sampled") : `sampled step ${step}`;
    return { step, rate: passRate(own, name, languages) };
  });
};

const curveTable = (experiment: Experiment, results: readonly Finished[], languages: Languages) => {
  const curves = armsOf(experiment, results)
    .map(([arm, own]) => [arm, curveOf(own, languages)] as const)
    .filter(([, curve]) => curve.length > 0);
  if (curves.length === 0) return [];
  const steps = [...new Set(curves.flatMap(([, curve]) => curve.map(({ step }) => step)))]
    .sort((a, b) => a - b);
  return [
    "",
    "T=1 by step of RL, on the first problems; the weights that are kept are the best in the rewarded language.",
    "",
    `| arm | ${steps.map((step) => `step ${step}`).join(" | ")} |`,
    `|---|${"---|".repeat(steps.length)}`,
    ...curves.map(([arm, curve]) => {
      const cells = steps.map((step) => {
        const point = curve.find((each) => each.step === step);
        return point === undefined ? "" : show(point.rate);
      });
      return `| ${arm} | ${cells.join(" | ")} |`;
    }),
  ];
};

/** What was asked besides, in all languages of the group: the share of right answers. */
const alsoTable = (experiment: Experiment, results: readonly Finished[], languages: Languages) => {
  const kinds = Object.keys(experiment.then ?? {})
    .filter((kind) => results.some(({ outcomes }) => kind in outcomes));
  if (kinds.length === 0) return [];
  const rows = armsOf(experiment, results).map(([arm, own]) =>
    `| ${arm} | ${kinds.map((kind) => show(passRate(own, kind, languages))).join(" | ")} |`
  );
  return [
    "",
    `| arm | ${kinds.map((kind) => `${kind}, right answers, %`).join(" | ")} |`,
    `|---|${"---|".repeat(kinds.length)}`,
    ...rows,
  ];
};

/** How often a held-out group's winner is found likelier than its loser: the mean over seeds, with the lowest and highest. */
const recognitionTable = (experiment: Experiment, results: readonly Finished[]) => {
  const seen = results.filter(({ recognition }) => recognition !== undefined);
  const tiers = Object.keys(seen[0]?.recognition?.tiers ?? {});
  if (tiers.length === 0) return [];
  const range = (values: readonly number[]): string => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return `${percent(mean)} (${percent(Math.min(...values))} to ${percent(Math.max(...values))})`;
  };
  const rows = armsOf(experiment, seen).map(([arm, own]) => {
    const cells = tiers.map((tier) =>
      range(own.map(({ recognition }) => recognition!.tiers[tier]!.likelihood_after.value))
    );
    return `| ${arm} | ${cells.join(" | ")} |`;
  });
  const before = tiers.map((tier) => {
    const value = seen[0]!.recognition!.tiers[tier]!.likelihood_before?.value;
    return value === undefined ? "" : percent(value);
  });
  return [
    "",
    `Recognition, in per cent: of ${
      seen[0]!.recognition!.groups
    } held-out IR groups, how often an equivalent form is ` +
    "found likelier, per token, than one that is not; the lowest and the highest seed.",
    "",
    `| arm | ${tiers.map((tier) => tier === "all" ? "all losers" : tier).join(" | ")} |`,
    `|---|${"---|".repeat(tiers.length)}`,
    `| before training | ${before.join(" | ")} |`,
    ...rows,
  ];
};

export const passRate = (own: readonly Finished[], name: string, languages: Languages): Interval =>
  rate(own, name, languages, outcomes.pass);

const rate = (own: readonly Finished[], name: string, languages: Languages, letter: string) =>
  interval(own.map((each) => bits(each, name, languages, letter)));

/** Problems that were not judged count as failed: they are none in a sound run. */
const bits = (
  { outcomes: letters, targets, tasks }: Finished,
  name: string,
  languages: Languages,
  letter: string = outcomes.pass,
): Values => {
  const all = letters[name] ?? "";
  const asked = targets.flatMap((target, i) =>
    i < all.length && (languages === undefined || languages.includes(target)) ? [i] : []
  );
  return {
    values: asked.map((i) => all[i] === letter ? 1 : 0),
    tasks: asked.map((i) => tasks[i]!),
  };
};

const percent = (share: number): string => (100 * share).toFixed(1);

const show = ({ mean, low, high }: Interval, signed = false): string => {
  const text = (x: number) =>
    `${signed && x > 0 ? "+" : ""}${percent(x)}`.replace(/^[-+]0\.0$/, "0.0");
  return `${text(mean)} [${text(low)}, ${text(high)}]`;
};
