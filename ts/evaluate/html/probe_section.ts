import type { Probe } from "../probe.ts";
import { renderTable } from "../table.ts";
import { html, type Markup } from "./markup.ts";
import { linear } from "./scale.ts";

const [SIZE, EDGE] = [340, 14];
const SHAPES = ["circle", "square", "diamond", "up", "down", "plus"] as const;

/** Figures by layer, before beside after, and the picture of each. */
export const probeSection = (after: Probe, before: Probe | undefined): Markup =>
  html`
    <div class="scroll">
      <table>
        <thead>
          <tr><th>layer</th>${[
            ...before === undefined ? [] : ["before"],
            before === undefined ? "" : "after",
          ].map((side) =>
            html`
              <th>retrieval@1 ${side}</th>
              <th>adjusted cosine ${side}</th>
            `
          )}</tr>
        </thead>
        <tbody>${after.layers.map((layer, i) =>
          html`<tr><th>${layer.layer}</th>${
            [before?.layers[i], layer].map((side) =>
              side === undefined ? undefined : html`
                <td>${(100 * side.retrieval_at_1.value).toFixed(
                  1,
                )} %<small>[${(100 * side.retrieval_at_1.low).toFixed(
                  1,
                )}, ${(100 * side.retrieval_at_1.high).toFixed(1)}]</small></td>
                <td>${side.adjusted_cosine.value.toFixed(3)}<small>[${side.adjusted_cosine.low
                  .toFixed(3)}, ${side.adjusted_cosine.high.toFixed(3)}]</small></td>
              `
            )
          }</tr>`
        )}</tbody>
      </table>
    </div>
    <div class="charts">${before === undefined ? undefined : picture(before, "before")}${picture(
      after,
      before === undefined ? "" : "after",
    )}</div>
  `;

/** The same as text, for a terminal. */
export const probeTable = (after: Probe, before: Probe | undefined): string =>
  renderTable(
    [
      { title: "layer", align: "right" },
      ...[...before === undefined ? [] : [" before"], before === undefined ? "" : " after"].flatMap(
        (side) => [{ title: `retrieval@1${side}, %` }, { title: `adjusted cosine${side}` }],
      ),
    ],
    after.layers.map((layer, i) => [
      String(layer.layer),
      ...[before?.layers[i], layer].flatMap((side) =>
        side === undefined ? [] : [
          `${(100 * side.retrieval_at_1.value).toFixed(1)} [${
            (100 * side.retrieval_at_1.low).toFixed(1)
          }, ${(100 * side.retrieval_at_1.high).toFixed(1)}]`,
          side.adjusted_cosine.value.toFixed(3),
        ]
      ),
    ]),
  );

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
