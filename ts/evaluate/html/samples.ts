import { flips } from "../flips.ts";
import { type JudgedSample, pairOf, passed, problemOf } from "../sample.ts";
import { html, type Markup } from "./markup.ts";

/** Programs before and after beside what was given: what changed first, then what fails still. */
export const sampleList = (
  before: readonly JudgedSample[],
  after: readonly JudgedSample[],
  most: number,
): Markup => {
  const { gained, lost } = flips(before, after);
  const earlier = new Map(before.map((sample) => [nameOf(sample), sample]));
  const flipped = new Set([...gained, ...lost].map((flip) => flip.after));
  const same = (ok: boolean) =>
    after.filter((sample) => passed(sample) === ok && !flipped.has(sample))
      .map((sample) => ({ before: earlier.get(nameOf(sample)), after: sample }));
  return html`${[
    part("Pass now", gained, most),
    part("Pass no longer", lost, most),
    part(before.length === 0 ? "Fail" : "Fail still", same(false), most),
    part(before.length === 0 ? "Pass" : "Pass as before", same(true), most),
  ]}`;
};

interface Pair {
  readonly before: JudgedSample | undefined;
  readonly after: JudgedSample;
}

const part = (title: string, pairs: readonly Pair[], most: number): Markup =>
  pairs.length === 0
    ? html``
    : html`<h3>${title}: ${pairs.length}${
      pairs.length > most ? `, of which ${most} are shown` : ""
    }</h3>${
      pairs.slice(0, most).map(({ before, after }) =>
        html`
          <details>
            <summary>${after.task} <span class="tag">${pairOf(after)}</span> ${verdict(
              after,
            )}</summary>
            <div class="programs">${program(
              `given (${after.source})`,
              after.given,
            )}${before === undefined
              ? undefined
              : program(html`before: ${verdict(before)}`, before.code)}${program(
                html`${before === undefined ? "answer" : "after"}: ${verdict(after)}`,
                after.code,
              )}</div>
          </details>
        `
      )
    }`;

const program = (title: string | Markup, code: string): Markup =>
  html`
    <div>
      <h4>${title}</h4>
      <pre>${code}</pre>
    </div>
  `;

const verdict = (sample: JudgedSample): Markup =>
  html`<span class="${passed(sample) ? "ok" : "bad"}">${sample.verdict}</span>`;

const nameOf = (sample: JudgedSample): string => `${problemOf(sample)} ${sample.index}`;
