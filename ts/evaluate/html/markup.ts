/** Text that is markup already; anything else is escaped where it is put into markup. */
export class Markup {
  constructor(readonly text: string) {}
}

/** A template whose values are escaped, unless they are markup or lists of it; `undefined` is nothing. */
export const html = (parts: TemplateStringsArray, ...values: readonly unknown[]): Markup =>
  new Markup(parts.map((part, i) => part + (i < values.length ? put(values[i]) : "")).join(""));

const put = (value: unknown): string => {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(put).join("");
  return escapeText(String(value));
};

/** What a model wrote must be shown, not obeyed: marks are escaped, control characters made visible. */
const escapeText = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;")
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\ufffd");
