import {
  equivalence,
  equivalenceTable,
  infrastructureRate,
  passAtK,
  passBy,
  type ProbedModel,
  probeTable,
  recognition,
  recognitionTable,
  renderTable,
  type Report,
  scoreTable,
  transferMatrix,
  transferTable,
  verdictMix,
} from "../../../ts/evaluate/mod.ts";
import type { EvaluateFlags } from "./evaluate.ts";
import type { Measured } from "./measure.ts";

/** Everything that `calque evaluate --json` says; the figures of the problems stand at the top. */
export const evaluationReport = (
  flags: EvaluateFlags,
  after: Measured,
  before: Measured | undefined,
  between: readonly ProbedModel[],
) => {
  const { seed, model, adapter, kind, temperature } = flags;
  const recognised = Object.fromEntries(
    Object.entries(after.likelihoods).map(([what, groups]) => [
      what,
      recognition(groups, before?.likelihoods[what], seed),
    ]),
  );
  return {
    seed,
    ...(after.solved === undefined ? {} : {
      ...after.solved.score,
      temperature,
      kind,
      ...figures(after.solved.samples, flags),
    }),
    ...(before?.solved === undefined || after.solved === undefined ? {} : {
      before: { ...before.solved.score, ...figures(before.solved.samples, flags) },
      transfer: transferMatrix([{
        name: adapter ?? model,
        trained: flags.trained,
        before: before.solved.samples,
        after: after.solved.samples,
      }], seed),
    }),
    ...(after.probed === undefined ? {} : {
      probe: {
        ...(before?.probed === undefined ? {} : { before: before.probed }),
        ...(between.length === 0 ? {} : { between }),
        after: after.probed,
      },
    }),
    ...(recognised["IR groups"] === undefined ? {} : { recognition: recognised["IR groups"] }),
    ...(recognised["questions"] === undefined ? {} : { questions: recognised["questions"] }),
    ...(after.yesNo === undefined ? {} : {
      equivalence: equivalence(after.yesNo, before?.yesNo, seed),
    }),
  };
};

export type EvaluationReport = ReturnType<typeof evaluationReport>;

/** The same for a reader. */
export const evaluationTables = (
  report: EvaluationReport,
  { solved }: Measured,
): string[] => [
  ...(solved === undefined ? [] : [scoreTable(solved.samples, report.seed)]),
  ...(report.pass_at_k === undefined || report.pass_at_k.length < 2 ? [] : [
    renderTable(
      [{ title: "k", align: "right" }, { title: "pass@k, %" }, {
        title: "problems",
        align: "right",
      }],
      report.pass_at_k.map(({ k, value, low, high, problems }) => [
        String(k),
        `${percent(value)} [${percent(low)}, ${percent(high)}]`,
        String(problems),
      ]),
    ),
  ]),
  ...(report.transfer === undefined ? [] : [transferTable(report.transfer)]),
  ...(report.recognition === undefined ? [] : [
    `Held-out IR groups: ${report.recognition.groups}\n${recognitionTable(report.recognition)}`,
  ]),
  ...(report.probe === undefined ? [] : [
    `Programs of ${report.probe.after.tasks} tasks, found again in another language\n` +
    probeTable(report.probe),
  ]),
  ...(report.questions === undefined ? [] : [
    `Which program is equivalent, in another language? ${report.questions.groups} questions\n` +
    recognitionTable(report.questions),
  ]),
  ...(report.equivalence === undefined ? [] : [
    `Do both programs do the same? ${report.equivalence.questions} questions, half of them yes\n` +
    equivalenceTable(report.equivalence),
  ]),
];

/** The same as a page. */
export const evaluationPage = (
  flags: EvaluateFlags,
  { transfer, recognition, questions, equivalence, probe }: EvaluationReport,
  after: Measured,
  before: Measured | undefined,
): Report => {
  const facts: [string, string | undefined][] = [
    ["model", flags.model],
    ["adapter", flags.adapter],
    ["before", flags.before],
    ["tasks", flags.tasks],
    ["kind", flags.kind],
    ["split", flags.split],
    ["samples a problem", String(flags.temperature === 0 ? 1 : flags.samples)],
    ["seed", String(flags.seed)],
  ];
  return {
    title: `Evaluation of ${flags.adapter ?? flags.model}`,
    facts: facts.flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]]
    ),
    trained: flags.trained,
    comparisons: after.solved === undefined ? [] : [{
      temperature: flags.temperature,
      before: before?.solved?.samples ?? [],
      after: after.solved.samples,
    }],
    ...(transfer === undefined ? {} : { transfer }),
    ...(recognition === undefined ? {} : { recognition }),
    ...(questions === undefined ? {} : { questions }),
    ...(equivalence === undefined ? {} : { equivalence }),
    ...(probe === undefined ? {} : { probe }),
  };
};

const figures = (
  samples: NonNullable<Measured["solved"]>["samples"],
  { k, seed }: EvaluateFlags,
) => ({
  pass_at_k: k.map((size) => passAtK(samples, size, seed)),
  targets: passBy(samples, "target", seed),
  verdicts: verdictMix(samples),
  infrastructure_rate: infrastructureRate(samples),
});

const percent = (share: number): string => (100 * share).toFixed(1);
