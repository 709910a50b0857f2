import type { Equivalence } from "../yes_no.ts";
import type { Recognition } from "../recognition.ts";
import type { Comparison } from "../report.ts";
import { passBy, shareOf } from "../score.ts";
import type { TransferMatrix } from "../transfer.ts";
import { intervalChart, type IntervalRow } from "./interval_chart.ts";
import { type Curve, lineChart } from "./line_chart.ts";
import { html } from "./markup.ts";
import { matrixTable } from "./matrix.ts";
import { page, type Section } from "./page.ts";
import { type Probes, probeSection } from "./probe_section.ts";
import { equivalenceSection } from "./equivalence_section.ts";
import { recognitionSection } from "./recognition_section.ts";
import { sampleList } from "./samples.ts";

/** What a report shows; what is absent has no section. It is written as JSON beside the page. */
export interface Report {
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Languages whose programs were rewarded or shown. */
  readonly trained: readonly string[];
  /** `before` is empty where one model was evaluated. */
  readonly comparisons: readonly Comparison[];
  readonly transfer?: TransferMatrix;
  readonly recognition?: Recognition;
  readonly questions?: Recognition;
  /** Whether the model says so when asked in words. */
  readonly equivalence?: Equivalence;
  /** How layers see programs of one task in several languages. */
  readonly probe?: Probes;
  /** Figures of training by step. */
  readonly curves?: readonly Curve[];
}

/** Programs shown of each kind of outcome: a page of thousands helps nobody, the JSON has all. */
const SHOWN = 25;

/** The report as a page in one file. */
export const reportHtml = (report: Report): string => {
  const { title, facts, trained, comparisons } = report;
  const ordered = [...comparisons].sort((a, b) => a.temperature - b.temperature);
  const sections: Section[] = [
    ...ordered.map((comparison) => ({
      title: `pass@1, ${decoding(comparison.temperature)}`,
      about: "Share of held-out problems solved, with 95 % intervals (bootstrap over tasks)" +
        (comparison.before.length > 0 ? "; hollow is before training, filled after" : "") +
        (trained.length > 0 ? ". Languages in italics were never trained on." : "."),
      body: intervalChart(intervalRows(comparison, trained)),
    })),
    ...(report.transfer === undefined ? [] : [{
      title: "Transfer",
      about: "Change of pass@1 in points on the same problems, greedy where that was measured: " +
        "rows are trainings, columns evaluated languages, * was trained. Brackets hold the 95 % " +
        "interval, then how many samples were gained and lost; bold excludes 0.",
      body: html`<div class="scroll">${matrixTable(report.transfer)}</div>`,
    }]),
    ...(report.recognition === undefined ? [] : [{
      title: "Recognition of functionality: LLVM IR",
      about: `Of ${report.recognition.groups} held-out groups, how often an equivalent IR scores ` +
        "above an inequivalent one; 50 % is chance.",
      body: recognitionSection(report.recognition),
    }]),
    ...(report.questions === undefined ? [] : [{
      title: "Recognition of functionality: across languages",
      about:
        `Of ${report.questions.groups} programs, how often the task's own program in another ` +
        "language scores above one that fails its tests; 50 % is chance.",
      body: recognitionSection(report.questions),
    }]),
    ...(report.equivalence === undefined ? [] : [{
      title: "Recognition of functionality: are these two equivalent?",
      about:
        `${report.equivalence.questions} questions, each with two programs in two languages; half are to be ` +
        "answered yes, and of the others it was shown by running that the programs differ. 50 % is " +
        "chance. Told apart: how often yes is likelier for the equivalent program of a pair, which " +
        "does not depend on a leaning to either word.",
      body: equivalenceSection(report.equivalence),
    }]),
    ...(report.probe === undefined ? [] : [{
      title: "Representations",
      about:
        `${report.probe.after.tasks} held-out tasks in ${
          report.probe.after.languages.join(", ")
        }: how often a program's nearest one in another language is that of the same task, and how much ` +
        "nearer the two are than programs of different tasks. The picture is the layer where that is " +
        "found most often; lines join programs of one task. Similarity alone proves no transfer.",
      body: probeSection(report.probe),
    }]),
    ...(report.curves === undefined || report.curves.length === 0 ? [] : [{
      title: "Training",
      about: "Figures by step; the last value stands on the right.",
      body: html`<div class="charts">${report.curves.map(lineChart)}</div>`,
    }]),
    ...ordered.slice(0, 1).map(({ temperature, before, after }) => ({
      title: `Programs, ${decoding(temperature)}`,
      about: "What was given, what the model wrote, and the verdict of its tests.",
      body: sampleList(before, after, SHOWN),
    })),
  ];
  return page(title, facts, sections);
};

const intervalRows = (
  { before, after }: Comparison,
  trained: readonly string[],
): IntervalRow[] => {
  const bar = (share: ReturnType<typeof shareOf> | undefined) =>
    share === undefined || share.samples === 0
      ? undefined
      : { value: share.pass_at_1, low: share.low, high: share.high };
  const [was, is] = [passBy(before, "target"), passBy(after, "target")];
  return [
    {
      name: "all",
      apart: false,
      before: bar(before.length === 0 ? undefined : shareOf(before)),
      after: bar(shareOf(after)),
    },
    ...Object.keys(is).map((name) => ({
      name: `to ${name}`,
      apart: trained.length > 0 && !trained.includes(name),
      before: bar(was[name]),
      after: bar(is[name]),
    })),
  ];
};

const decoding = (temperature: number): string =>
  temperature === 0 ? "greedy" : `T = ${temperature}`;
