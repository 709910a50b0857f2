import type { Change } from "../change.ts";
import type { TransferMatrix } from "../transfer.ts";
import { html, type Markup } from "./markup.ts";

/** The transfer matrix as a table whose cells are tinted by their change. */
export const matrixTable = ({ targets, rows }: TransferMatrix): Markup =>
  html`
    <table class="matrix">
      <thead>
        <tr><th>trained on</th>${targets.map((target) =>
          html`<th>${target}</th>`
        )}<th>all</th><th>not trained</th></tr>
      </thead>
      <tbody>${rows.map(({ name, trained, cells, all, untrained }) =>
        html`<tr><th>${
          trained.length === 0 ? name : trained.join(", ")
        }<small>${name}</small></th>${
          targets.map((target) => cell(cells[target], trained.includes(target)))
        }${cell(all, false)}${cell(untrained, false)}</tr>`
      )}</tbody>
    </table>
  `;

const cell = (change: Change | undefined, trained: boolean): Markup => {
  if (change === undefined || change.problems === 0) return html`<td></td>`;
  const { value, low, high, gained, lost, problems, before, after } = change;
  // Full strength at 30 points: larger changes are rare, and smaller ones must still be told apart.
  const strength = Math.min(1, Math.abs(value) / 0.3) * 60;
  const hue = value >= 0 ? "var(--gain)" : "var(--loss)";
  const sure = low > 0 || high < 0;
  return html`
    <td style="background:color-mix(in srgb, ${hue} ${strength.toFixed(0)}%, transparent)"
      title="${percent(before)} % to ${percent(
        after,
      )} % on ${problems} problems"><span class="${sure ? "sure" : "unsure"}">${points(
        value,
      )}</span>${trained ? " *" : ""}<small>[${points(low)}, ${points(
        high,
      )}] +${gained}/-${lost}</small></td>
  `;
};

const percent = (share: number): string => (100 * share).toFixed(1);
const points = (share: number): string => (share >= 0 ? "+" : "") + percent(share);
