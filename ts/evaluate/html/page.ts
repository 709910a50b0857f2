import { html, type Markup } from "./markup.ts";

export interface Section {
  readonly title: string;
  /** What is shown and how to read it, in a sentence or two. */
  readonly about: string;
  readonly body: Markup;
}

/**
 * A page in one file: no script, nothing fetched (its policy forbids both), light or dark as the reader
 * has it.
 */
export const page = (
  title: string,
  facts: readonly (readonly [name: string, value: string])[],
  sections: readonly Section[],
): string =>
  html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'">
        <title>${title}</title>
        <style>${STYLE}</style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <dl>${facts.map(([name, value]) =>
            html`
              <div>
                <dt>${name}</dt>
                <dd>${value}</dd>
              </div>
            `
          )}</dl>
        </header>
        <main>${sections.map(({ title, about, body }) =>
          html`
            <section><h2>${title}</h2><p class="about">${about}</p>${body}</section>
          `
        )}</main>
      </body>
    </html>
  `.text;

// Not `html`: a style holds quotes and angles of its own.
const STYLE = html([`
:root { color-scheme: light dark; --ink: #1c1b1a; --soft: #6b6762; --paper: #fdfcfa; --edge: #dcd8d2; --after: #1f5fa8; --before: #8a857e; --gain: #2e8b57; --loss: #c2452d; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceae6; --soft: #a09b94; --paper: #191817; --edge: #3a3835; --after: #7fb2ec; --before: #8f8a83; --gain: #3fae70; --loss: #e0664d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1080px; margin: 0 auto; padding: 24px; }
h1 { font-size: 24px; margin: 0 0 12px; } h2 { font-size: 18px; margin: 36px 0 4px; }
dl { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 0; } dt { color: var(--soft); font-size: 12px; } dd { margin: 0; }
.about { color: var(--soft); margin: 0 0 12px; max-width: 75ch; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 16px; }
figure { margin: 0; } figcaption { font-size: 13px; color: var(--soft); } figcaption b { color: var(--ink); float: right; }
svg { width: 100%; height: auto; } svg.wide { max-width: 760px; } svg text { font-size: 11px; fill: var(--soft); } svg text.name, svg text.apart { font-size: 13px; fill: var(--ink); } svg text.apart { font-style: italic; }
.grid { stroke: var(--edge); stroke-width: 1; } .curve { fill: none; stroke: var(--after); stroke-width: 1.8; } .point { fill: var(--after); }
.before line { stroke: var(--before); stroke-width: 2; } .before circle { fill: var(--paper); stroke: var(--before); stroke-width: 2; }
.after line { stroke: var(--after); stroke-width: 2; } .after circle { fill: var(--after); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th, td { padding: 6px 10px; border: 1px solid var(--edge); text-align: right; } thead th, tbody th { font-weight: 600; } tbody th { text-align: left; }
td small, th small { display: block; color: var(--soft); font-size: 11px; font-weight: 400; } .sure { font-weight: 700; } .unsure { font-weight: 400; }
.join { fill: none; stroke: var(--edge); stroke-width: 0.7; } .key svg { width: 12px; height: 12px; vertical-align: -2px; margin: 0 3px 0 8px; } .series-0 { fill: #3b78c4; } .series-1 { fill: #d0662b; } .series-2 { fill: #2e9160; } .series-3 { fill: #b04a9a; } .series-4 { fill: #b8912a; } .series-5 { fill: #5f6a75; }
.scroll { overflow-x: auto; } details { border-top: 1px solid var(--edge); padding: 6px 0; } summary { cursor: pointer; } summary .tag { color: var(--soft); }
.programs { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 12px; margin: 8px 0; } .programs h4 { margin: 0 0 4px; font-size: 12px; color: var(--soft); font-weight: 600; }
pre { margin: 0; padding: 10px; overflow-x: auto; font: 12.5px/1.45 ui-monospace, monospace; background: color-mix(in srgb, var(--ink) 5%, transparent); white-space: pre-wrap; overflow-wrap: anywhere; }
.ok { color: var(--gain); } .bad { color: var(--loss); }
`] as unknown as TemplateStringsArray);
