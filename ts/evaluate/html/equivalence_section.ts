import { type Equivalence, equivalenceRows } from "../yes_no.ts";
import { estimate } from "./estimate.ts";
import { html, type Markup } from "./markup.ts";

/** Share of right answers, and to what yes is said. */
export const equivalenceSection = (found: Equivalence): Markup => {
  const two = found.accuracy.before !== undefined;
  return html`
    <div class="scroll">
      <table>
        <thead>
          <tr><th></th><th>of</th>${two
            ? html`
              <th>before</th>
              <th>after</th>
            `
            : html`<th>share</th>`}</tr>
        </thead>
        <tbody>${equivalenceRows(found).map(({ name, count, sides: { before, after } }) =>
          html`<tr><th>${name}</th><td>${count}</td>${
            two ? estimate(before, 100, 1, " %") : undefined
          }${estimate(after, 100, 1, " %")}</tr>`
        )}</tbody>
      </table>
    </div>
  `;
};
