import { html, type Markup } from "./markup.ts";
import { linear } from "./scale.ts";

/** One row: shares in [0, 1] with their intervals, of either side of a training. */
export interface IntervalRow {
  readonly name: string;
  /** Set apart: of a language that was never trained. */
  readonly apart: boolean;
  readonly before?: Bar | undefined;
  readonly after?: Bar | undefined;
}

interface Bar {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const [WIDTH, LEFT, RIGHT, ROW] = [640, 170, 20, 34];

/** Shares with 95 % intervals, before (hollow) above after (filled), one row a language. */
export const intervalChart = (rows: readonly IntervalRow[]): Markup => {
  const height = rows.length * ROW + 30;
  const x = linear([0, 1], [LEFT, WIDTH - RIGHT]);
  const bar = (side: "before" | "after", at: Bar | undefined, y: number): Markup =>
    at === undefined ? html`` : html`
      <g class="${side}">
        <title>${side}: ${percent(at.value)} % [${percent(at.low)}, ${percent(at.high)}]</title>
        <line x1="${x(at.low).toFixed(1)}" x2="${x(at.high).toFixed(1)}" y1="${y}" y2="${y}" />
        <circle cx="${x(at.value).toFixed(1)}" cy="${y}" r="4.5" />
      </g>
    `;
  return html`
    <svg xmlns="http://www.w3.org/2000/svg" class="wide" viewBox="0 0 ${WIDTH} ${height}"
      role="img"
      aria-label="pass@1 with 95 % intervals">
    ${[0, 0.25, 0.5, 0.75, 1].map((share) =>
      html`
        <line class="grid" x1="${x(share)}" x2="${x(share)}" y1="4" y2="${height - 24}" />
        <text x="${x(share)}" y="${height - 8}" text-anchor="middle">${100 * share} %</text>
      `
    )}${rows.map(({ name, apart, before, after }, i) => {
      const middle = i * ROW + ROW / 2 + 4;
      return html`
        <text class="${apart ? "apart" : "name"}" x="${LEFT - 12}" y="${middle + 4}"
          text-anchor="end">${name}</text>${bar("before", before, middle - 6)}${bar(
            "after",
            after,
            middle + 6,
          )}
      `;
    })}</svg>
  `;
};

const percent = (share: number): string => (100 * share).toFixed(1);
