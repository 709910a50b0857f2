/** One column of a printed table. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** A table as monospaced text: a line of titles, a rule, a line a row; no trailing blanks. */
export const renderTable = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string => {
  const widths = columns.map((column, i) =>
    Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[i] ?? "")))
  );
  const line = (cells: readonly string[]): string =>
    columns.map((column, i) => pad(cells[i] ?? "", widths[i]!, column.align ?? "left"))
      .join("  ").trimEnd();
  return [
    line(columns.map((column) => column.title)),
    widths.map((width) => "-".repeat(width)).join("  "),
    ...rows.map(line),
  ].join("\n");
};

/**
 * Blocks of text beside each other, each under its title and `width` columns wide. Lines that are too
 * long go on in the next line, so nothing is cut off.
 */
export const sideBySide = (
  blocks: readonly { readonly title: string; readonly text: string }[],
  width: number,
): string => {
  const gap = " | ";
  const inner = Math.max(8, Math.floor((width - gap.length * (blocks.length - 1)) / blocks.length));
  const wrapped = blocks.map(({ title, text }) => [
    ...wrap(title, inner),
    "-".repeat(inner),
    ...text.replaceAll("\t", "  ").replace(/\n+$/, "").split("\n").flatMap((line) =>
      wrap(line, inner)
    ),
  ]);
  const height = Math.max(0, ...wrapped.map((block) => block.length));
  return Array.from(
    { length: height },
    (_, row) => wrapped.map((block) => pad(block[row] ?? "", inner, "left")).join(gap).trimEnd(),
  ).join("\n");
};

const pad = (text: string, width: number, align: "left" | "right"): string => {
  const blanks = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "right" ? blanks + text : text + blanks;
};

/** Code points, not columns: what is printed here is code and figures. */
const widthOf = (text: string): number => [...text].length;

const wrap = (line: string, width: number): string[] => {
  const points = [...printable(line)];
  if (points.length === 0) return [""];
  const pieces: string[] = [];
  for (let i = 0; i < points.length; i += width) pieces.push(points.slice(i, i + width).join(""));
  return pieces;
};

/** A model may write escape codes; a terminal must not obey them. */
const printable = (text: string): string =>
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
