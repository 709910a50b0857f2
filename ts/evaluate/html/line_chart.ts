import { html, type Markup } from "./markup.ts";
import { linear, ticks } from "./scale.ts";

/** One curve: a figure by step. */
export interface Curve {
  readonly title: string;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

const [WIDTH, HEIGHT] = [320, 170];
const [LEFT, RIGHT, TOP, BOTTOM] = [62, 10, 10, 24];

/** A small line chart of one curve, its last value written out; every point tells its value when pointed at. */
export const lineChart = ({ title, points }: Curve): Markup => {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  if (finite.length === 0) return html`<figure><figcaption>${title}</figcaption>no values</figure>`;
  const steps = finite.map(({ step }) => step);
  const values = finite.map(({ value }) => value);
  const across = ticks(Math.min(...steps), Math.max(...steps), 4)
    .filter((step) => Number.isInteger(step) && step >= steps[0]! && step <= steps.at(-1)!);
  const up = ticks(Math.min(...values), Math.max(...values), 4);
  const x = linear([Math.min(...steps), Math.max(...steps)], [LEFT, WIDTH - RIGHT]);
  const y = linear([up[0]!, up.at(-1)!], [HEIGHT - BOTTOM, TOP]);
  const path = finite.map(({ step, value }, i) =>
    `${i === 0 ? "M" : "L"}${place(x(step))} ${place(y(value))}`
  ).join("");
  const last = finite.at(-1)!;
  return html`
    <figure>
      <figcaption>${title} <b>${figure(last.value)}</b></figcaption>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title} by step">
    ${up.map((value) =>
      html`
        <line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${place(y(value))}" y2="${place(
          y(value),
        )}" />
        <text x="${LEFT - 5}" y="${place(y(value) + 4)}" text-anchor="end">${figure(value)}</text>
      `
    )}${across.map((step) =>
      html`<text x="${place(x(step))}" y="${HEIGHT - 7}" text-anchor="middle">${step}</text>`
    )}<path class="curve" d="${path}"/>
    ${finite.map(({ step, value }) =>
      html`
        <circle class="point" cx="${place(x(step))}" cy="${place(y(value))}" r="2.2">
          <title>step ${step}: ${figure(value)}</title>
        </circle>
      `
    )}</svg>
    </figure>
  `;
};

const place = (position: number): string => position.toFixed(1);

/** Four digits that count. */
export const figure = (value: number): string => {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(4)));
};
