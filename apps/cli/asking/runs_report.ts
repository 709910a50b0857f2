import { Effect } from "effect";
import { relative } from "node:path";
import process from "node:process";
import { type Curve, type Report, transferMatrix } from "../../../ts/evaluate/mod.ts";
import { layout, readRows, type Row, type Run } from "../../../ts/runs/mod.ts";
import { atTemperature, type Training, trainingOf } from "./trainings.ts";

/** Curves and programs of the first run, and the transfer of all. */
export const runsReport = Effect.fnUntraced(function* (runs: readonly Run[]) {
  const trainings = yield* Effect.forEach(runs, trainingOf);
  const first = trainings[0]!;
  const temperatures = first.comparisons.map(({ temperature }) => temperature);
  const greedy = temperatures.length === 0 ? 0 : Math.min(...temperatures);
  const rows = trainings.flatMap((training) => atTemperature(training, greedy) ?? []);
  const metrics = yield* Effect.promise(() => readRows(layout(first.run.folder).metrics));
  return {
    title: [...new Set(runs.map(({ name }) => name))].join(", "),
    facts: factsOf(first),
    trained: first.trained,
    comparisons: first.comparisons,
    ...(rows.length === 0 ? {} : { transfer: transferMatrix(rows) }),
    curves: curvesOf(metrics),
  } satisfies Report as Report;
});

const factsOf = ({ run, recipe, trained }: Training): Report["facts"] => {
  const { stages } = recipe ?? { stages: [] };
  const model = stages[0]?.model;
  const facts: [string, string | null | undefined][] = [
    ["run", run.id],
    ["status", run.status],
    ["method", [...new Set(stages.map(({ method }) => method))].join(", then ") || run.method],
    ["model", near(typeof model === "string" ? model : model?.init)],
    ["trained on", trained.join(", ")],
    ["steps", String(run.step)],
    ["seed", run.seed === null ? null : String(run.seed)],
    ["time", run.seconds === null ? null : `${Math.round(run.seconds)} s`],
    ["device", run.device],
  ];
  return facts.flatMap(([name, value]): [string, string][] => value ? [[name, value]] : []);
};

/** A path below the folder that the reader stands in is told from there. */
const near = (path: string | undefined): string | undefined => {
  if (path === undefined) return undefined;
  const from = relative(process.cwd(), path);
  return from.startsWith("..") ? path : from;
};

/** What is worth a chart, in this order, where the run has it. */
const CHARTED = [
  "loss",
  "reward",
  "loss_rl",
  "loss_gepo",
  "entropy",
  "grad_norm",
  "frac_reward_zero_std",
  "clip_ratio/region_mean",
  "kl/k3",
  "gepo/rewards/margins",
  "gepo/winner_variance",
  "gepo/rewards/accuracies",
  "sampling/sampling_logp_difference/max",
  "completions/mean_length",
  "completions/clipped_ratio",
  "learning_rate",
];

const curvesOf = (rows: readonly Row[]): Curve[] => {
  const rates = [...new Set(rows.flatMap((row) => Object.keys(row)))]
    .filter((name) => name.startsWith("pass_rate/")).sort();
  return [...CHARTED.slice(0, 2), ...rates, ...CHARTED.slice(2)].flatMap((title) => {
    const points = rows.flatMap((row) =>
      typeof row[title] === "number" ? [{ step: Number(row["step"]), value: row[title] }] : []
    );
    return points.length === 0 ? [] : [{ title, points }];
  });
};
