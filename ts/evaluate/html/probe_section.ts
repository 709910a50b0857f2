import type { Probe } from "../probe.ts";
import { renderTable } from "../table.ts";
import { estimate } from "./estimate.ts";
import { html, type Markup } from "./markup.ts";
import { linear } from "./scale.ts";

const [SIZE, EDGE] = [340, 14];
const SHAPES = ["circle", "square", "diamond", "up", "down", "plus"] as const;

/** What the layers of one model make of programs, before training, between its stages, or after it. */
export interface ProbedModel {
  /** Empty where there is but one. */
  readonly name: string;
  readonly probe: Probe;
}

/** Probes of one training, in the order of its models. */
export interface Probes {
  readonly before?: Probe;
  readonly between?: readonly ProbedModel[];
  readonly after: Probe;
}

const inOrder = ({ before, between = [], after }: Probes): readonly ProbedModel[] =>
  before === undefined && between.length === 0 ? [{ name: "", probe: after }] : [
    ...before === undefined ? [] : [{ name: "before", probe: before }],
    ...between,
    { name: "after", probe: after },
  ];

/** Figures by layer, a column for each model, and the picture of each. */
export const probeSection = (probes: Probes): Markup => {
  const models = inOrder(probes);
  return html`
    <div class="scroll">
      <table>
        <thead>
          <tr><th>layer</th>${models.map(({ name }) =>
            html`
              <th>retrieval@1 ${name}</th>
              <th>adjusted cosine ${name}</th>
            `
          )}</tr>
        </thead>
        <tbody>${probes.after.layers.map(({ layer }, i) =>
          html`<tr><th>${layer}</th>${
            models.map(({ probe }) => {
              const { retrieval_at_1, adjusted_cosine } = probe.layers[i]!;
              return html`${estimate(retrieval_at_1, 100, 1, " %")}${
                estimate(adjusted_cosine, 1, 3, "")
              }`;
            })
          }</tr>`
        )}</tbody>
      </table>
    </div>
    <div class="charts">${models.map(({ name, probe }) => picture(probe, name))}</div>
  `;
};

/** The same as text, for a terminal. */
export const probeTable = (probes: Probes): string => {
  const models = inOrder(probes);
  return renderTable(
    [
      { title: "layer", align: "right" },
      ...models.flatMap(({ name }) => [
        { title: `retrieval@1 ${name}, %`.replace(" ,", ",") },
        { title: `adjusted cosine ${name}`.trimEnd() },
      ]),
    ],
    probes.after.layers.map(({ layer }, i) => [
      String(layer),
      ...models.flatMap(({ probe }) => {
        const { retrieval_at_1: { value, low, high }, adjusted_cosine } = probe.layers[i]!;
        return [
          `${(100 * value).toFixed(1)} [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`,
          adjusted_cosine.value.toFixed(3),
        ];
      }),
    ]),
  );
};

/** Every program as a mark of its language; a thin line joins the programs of one task. */
const picture = ({ picture: { layer, points }, languages }: Probe, side: string): Markup => {
  const range = (pick: (point: (typeof points)[number]) => number): [number, number] => [
    Math.min(...points.map(pick)),
    Math.max(...points.map(pick)),
  ];
  const x = linear(range((p) => p.x), [EDGE, SIZE - EDGE]);
  const y = linear(range((p) => p.y), [SIZE - EDGE, EDGE]);
  const tasks = [...new Set(points.map(({ task }) => task))];
  return html`
    <figure>
      <figcaption>layer ${layer} ${side}: ${languages.map((language, i) =>
        html`
          <span class="key"><svg viewBox="-6 -6 12 12">${mark(i, 0, 0)}</svg>${language}</span>
        `
      )}</figcaption>
      <svg viewBox="0 0 ${SIZE} ${SIZE}" role="img"
        aria-label="programs in the plane of layer ${layer}">${tasks.map((task) => {
          const own = points.filter((point) => point.task === task);
          const path = own.map((p, i) =>
            `${i === 0 ? "M" : "L"}${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`
          ).join("");
          return html`
            <path class="join" d="${path}" />
          `;
        })}${points.map((p) =>
          html`<g><title>${p.language}, task ${p.task + 1}</title>${
            mark(languages.indexOf(p.language), x(p.x), y(p.y))
          }</g>`
        )}</svg>
    </figure>
  `;
};

/** Shape and colour both tell the language, for who cannot tell the colours. */
const mark = (language: number, x: number, y: number): Markup => {
  const tint = `series-${language % 6}`;
  const at = `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
  const path = {
    circle: "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
    square: "M-2.7 -2.7h5.4v5.4h-5.4z",
    diamond: "M0 -3.8L3.8 0L0 3.8L-3.8 0z",
    up: "M0 -3.5L3.4 2.6H-3.4z",
    down: "M0 3.5L3.4 -2.6H-3.4z",
    plus: "M-1.2 -3.6h2.4v2.4h2.4v2.4h-2.4v2.4h-2.4v-2.4h-2.4v-2.4h2.4z",
  }[SHAPES[language % SHAPES.length]!];
  return html`
    <path class="${tint}" transform="${at}" d="${path}" />
  `;
};
