import type { Recognition } from "../recognition.ts";
import { estimate } from "./estimate.ts";
import { html, type Markup } from "./markup.ts";

/** Share of pairs told right, per tier of losers, and how far the winners lie apart. */
export const recognitionSection = ({ tiers, spread }: Recognition): Markup => {
  const ways =
    ([["likelihood_before", "likelihood before"], ["likelihood_after", "likelihood after"], [
      "rhat",
      "log-ratio to before",
    ]] as const).filter(([way]) => spread[way] !== undefined);
  return html`
    <div class="scroll">
      <table>
        <thead>
          <tr><th>losers</th><th>pairs</th>${ways.map(([, title]) => html`<th>${title}</th>`)}</tr>
        </thead>
        <tbody>${Object.entries(tiers).map(([name, tier]) =>
          html`<tr><th>${name}</th><td>${tier.pairs}</td>${
            ways.map(([way]) => estimate(tier[way], 100, 1, " %"))
          }</tr>`
        )}${// Where every group has one winner there is none.
        spread.likelihood_after === null
          ? undefined
          : html`<tr><th>spread of the winners, nats</th><td></td>${
            ways.map(([way]) => estimate(spread[way] ?? undefined, 1, 3, ""))
          }</tr>`}</tbody>
      </table>
    </div>
  `;
};
