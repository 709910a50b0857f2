export { evaluate, type Evaluated } from "./evaluate.ts";
export {
  infrastructureRate,
  type JudgedSample,
  pairOf,
  passed,
  scores,
  verdictMix,
} from "./sample.ts";
export { type Share } from "./interval.ts";
export { type CountedShare, passAtOne, passBy, type Score, shareOf } from "./score.ts";
export { type Flip, type Flips, flips } from "./flips.ts";
export { type Comparison, comparisonTable, flipsText, formatShare, scoreTable } from "./report.ts";
export { type Column, renderTable, sideBySide } from "./table.ts";
export { type Estimate } from "./interval.ts";
export { type PassAtK, passAtK } from "./pass_at_k.ts";
export { type Change, changeOf } from "./change.ts";
export {
  formatChange,
  type Trained,
  type TransferMatrix,
  transferMatrix,
  transferTable,
} from "./transfer.ts";
export {
  type AnswerGroup,
  type AnswerTexts,
  irAnswers,
  likelihoods,
  tokenizeAnswers,
} from "./answers.ts";
export { type Recognition, recognition, recognitionTable } from "./recognition.ts";
export {
  programAnswers,
  type ProgramAnswersOptions,
  type ProgramQuestion,
} from "./program_answers.ts";
export {
  askYesNo,
  type Equivalence,
  equivalence,
  equivalenceTable,
  type YesNoAnswer,
  type YesNoQuestion,
  yesNoQuestions,
  yesNoRows,
} from "./yes_no.ts";
export { type Report, reportHtml } from "./html/report.ts";
export { type ProbedModel, type Probes, probeTable } from "./html/probe_section.ts";
export { type Curve } from "./html/line_chart.ts";
export { intervalChart, type IntervalRow } from "./html/interval_chart.ts";
export { html, type Markup } from "./html/markup.ts";
export { linear } from "./html/scale.ts";
export { type Probe, probe, type ProbeTexts, probeTexts } from "./probe.ts";
