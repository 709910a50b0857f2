import type { Estimate } from "../interval.ts";
import { html, type Markup } from "./markup.ts";

/** A cell with a figure and its interval. */
export const estimate = (
  found: Estimate | undefined,
  scale: number,
  digits: number,
  unit: string,
): Markup => {
  if (found === undefined) return html`<td></td>`;
  const [value, low, high] = [found.value, found.low, found.high].map((figure) =>
    (scale * figure).toFixed(digits)
  );
  return html`<td>${value}${unit}<small>[${low}, ${high}]</small></td>`;
};
