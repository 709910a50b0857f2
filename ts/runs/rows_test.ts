import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { rowsFrom, thin, toCsv } from "./rows.ts";

Deno.test("thinning keeps first and last, the order, and at most so many", () => {
  fc.assert(fc.property(fc.nat({ max: 200 }), fc.integer({ min: 1, max: 50 }), (length, points) => {
    const rows = Array.from({ length }, (_, i) => i);
    const kept = thin(rows, points);
    assert.equal(kept.length, Math.min(length, points));
    if (points >= 2 && length > 0) assert.equal(kept[0], 0);
    if (length > 0) assert.equal(kept.at(-1), length - 1);
    assert.deepEqual(kept, [...new Set(kept)].sort((a, b) => a - b));
  }));
});

Deno.test("rows are read from any place on, over the edges of what is read at once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-rows-"));
  try {
    const file = join(folder, "rows.jsonl");
    assert.deepEqual(await Array.fromAsync(rowsFrom(file, 0)), []);
    const rows = Array.from({ length: 40 }, (_, i) => ({ i, text: "ü".repeat(i * 5000) }));
    await writeFile(file, rows.map((row) => JSON.stringify(row) + "\n").join("") + '{"i": 40');
    const placed = await Array.fromAsync(rowsFrom(file, 0));
    assert.deepEqual(placed.map(({ row }) => row), rows);
    for (const at of [0, 17, 38, 39]) {
      const after = await Array.fromAsync(rowsFrom(file, placed[at]!.next));
      assert.deepEqual(after.map(({ row }) => row), rows.slice(at + 1));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("CSV holds every cell, whatever is in it", () => {
  const text = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ") });
  fc.assert(fc.property(fc.array(fc.record({ x: text, y: text })), (rows) => {
    const parsed = parseCsv(toCsv(rows));
    assert.deepEqual(parsed.slice(1), rows.map(({ x, y }) => [x, y]));
  }));
});

/** RFC 4180, written apart from the writer. */
const parseCsv = (csv: string): string[][] => {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < csv.length; i++) {
    const c = csv[i]!;
    if (quoted) {
      if (c === '"' && csv[i + 1] === '"') cell += csv[++i]!;
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") {
      row.push(cell);
      cell = "";
    } else if (c === "\r" && csv[i + 1] === "\n") {
      row.push(cell);
      rows.push(row);
      row = [];
      cell = "";
      i++;
    } else cell += c;
  }
  return rows;
};
