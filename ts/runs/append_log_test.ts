import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { AppendLog, cutLog } from "./append_log.ts";

const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-log-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

Deno.test("a crash at any byte loses at most the rows that were not whole", () =>
  inFolder(async (folder) => {
    const file = join(folder, "events.jsonl");
    const row = fc.record({ id: fc.nat(), text: fc.string(), deep: fc.array(fc.string()) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        async (rows, at) => {
          const bytes = new TextEncoder().encode(
            rows.map((r) => JSON.stringify(r) + "\n").join(""),
          );
          const torn = bytes.subarray(0, at % (bytes.length + 1));
          await writeFile(file, torn);
          const log = await AppendLog.open(file);
          const whole = torn.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);
          assert.equal(log.rows, whole);
          await log.append([{ id: -1 }]);
          await log.close();
          const lines = (await readFile(file, "utf8")).trimEnd().split("\n").map((l) =>
            JSON.parse(l)
          );
          assert.deepEqual(
            lines,
            JSON.parse(JSON.stringify([...rows.slice(0, whole), { id: -1 }])),
          );
        },
      ),
      { numRuns: 40 },
    );
  }));

Deno.test("zeros that a file system left at the end are dropped", () =>
  inFolder(async (folder) => {
    const file = join(folder, "events.jsonl");
    await writeFile(file, '{"id":1}\n{"id":2}\n\0\0\0\0\n\0\0');
    const log = await AppendLog.open(file);
    assert.equal(log.rows, 2);
    await log.close();
    assert.equal(await readFile(file, "utf8"), '{"id":1}\n{"id":2}\n');
  }));

Deno.test("cutting keeps what is asked for and drops torn rows", () =>
  inFolder(async (folder) => {
    const file = join(folder, "metrics.jsonl");
    await writeFile(file, '{"step":1}\n{"step":2}\n{"step":3}\n{"st');
    await cutLog(file, (row) => (row as { step: number }).step <= 2);
    assert.equal(await readFile(file, "utf8"), '{"step":1}\n{"step":2}\n');
    await cutLog(join(folder, "absent.jsonl"), () => true);
  }));
