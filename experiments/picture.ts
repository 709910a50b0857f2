/** Pictures of an experiment, as SVG files that stand by themselves. */
import { html, intervalChart, type IntervalRow, linear, type Markup } from "../ts/evaluate/mod.ts";
import type { Experiment, Finished } from "./experiment.ts";
import { armsOf, curveOf, groupsOf, type Languages, passRate } from "./report.ts";

const STYLE = `
svg { background: #fff; font: 12px sans-serif; }
.grid { stroke: #ddd; } text { fill: #444; } .title { font-size: 13px; font-weight: bold; }
g line { stroke-width: 2; } .before line { stroke: #999; } .before circle { fill: #fff; stroke: #777; }
.after line { stroke: #3b78c4; } .after circle { fill: #3b78c4; } path { fill: none; stroke-width: 2; }
`;

/** pass@1 at T=1 of every arm, before (hollow) and after (filled), for one group of languages. */
export const armsPicture = (
  experiment: Experiment,
  results: readonly Finished[],
  languages: Languages,
): string => {
  const bar = (own: readonly Finished[], when: string) => {
    const { mean, low, high } = passRate(own, `sampled ${when}`, languages);
    return { value: mean, low, high };
  };
  const rows = armsOf(experiment, results).map(([name, own]): IntervalRow => ({
    name,
    apart: name === experiment.baseline,
    before: bar(own, "before"),
    after: bar(own, "after"),
  }));
  return alone(intervalChart(rows));
};

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM, KEY] = [360, 240, 44, 30, 28, 190] as const;
const COLOURS = ["#3b78c4", "#d0662b", "#2e9160", "#b04a9a", "#b8912a", "#5f6a75", "#c43b4b"];

/** pass@1 at T=1 by step, a panel a group of languages and a line an arm; `undefined` where no arm was looked at on the way. */
export const driftPicture = (
  experiment: Experiment,
  results: readonly Finished[],
): string | undefined => {
  const arms = armsOf(experiment, results);
  const groups = groupsOf(experiment);
  const steps = arms.flatMap(([, own]) => curveOf(own, undefined).map(({ step }) => step));
  if (steps.length === 0) return undefined;
  const x = linear([0, Math.max(...steps)], [LEFT, WIDTH - 10]);
  const y = linear([0, 1], [HEIGHT - BOTTOM, TOP]);
  const curve = (own: readonly Finished[], languages: Languages, colour: string): Markup => {
    const points = curveOf(own, languages)
      .map(({ step, rate }) => `${x(step).toFixed(1)} ${y(rate.mean).toFixed(1)}`);
    return html`<path stroke="${colour}" d="M${points.join("L")}" />`;
  };
  const width = groups.length * WIDTH + KEY;
  return alone(html`
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" role="img"
      aria-label="pass@1 by step">${groups.map(([group, languages], i) =>
        html`
          <g transform="translate(${i * WIDTH} 0)">
            <text class="title" x="${LEFT}" y="18">${group || "all languages"}</text>${[
              0,
              0.25,
              0.5,
              0.75,
              1,
            ].map((share) =>
              html`
                <line class="grid" x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(share)}" y2="${y(
                  share,
                )}" />
                <text x="${LEFT - 6}" y="${y(share) + 4}" text-anchor="end">${100 * share} %</text>
              `
            )}${[...new Set([0, ...steps])].map((step) =>
              html`<text x="${x(step)}" y="${HEIGHT - 10}" text-anchor="middle">${step}</text>`
            )}${arms.map(([, own], k) => curve(own, languages, COLOURS[k % COLOURS.length]!))}
          </g>
        `
      )}${arms.map(([arm], k) =>
        html`
          <text x="${groups.length * WIDTH + 10}" y="${TOP + 18 * k}"
            style="fill: ${COLOURS[k % COLOURS.length]}">${arm}</text>
        `
      )}</svg>
  `);
};

/** A picture in a page takes the page's style; one in a file brings its own. */
const alone = (picture: Markup): string =>
  `${picture.text.trim().replace(/>/, `><style>${STYLE}</style>`)}\n`;
