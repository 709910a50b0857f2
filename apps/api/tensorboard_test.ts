/** Event files, against published CRCs, and read back by TensorBoard's own reader where it is installed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { findPython } from "../../tests/clients/python.ts";
import { crc32c, eventFile } from "./tensorboard.ts";

Deno.test("CRC-32C gives the values of RFC 3720, appendix B.4", () => {
  const zeros = new Uint8Array(32);
  const rising = Uint8Array.from({ length: 32 }, (_, i) => i);
  assert.equal(crc32c(zeros), 0x8a9136aa);
  assert.equal(crc32c(zeros.map(() => 0xff)), 0x62a8ab43);
  assert.equal(crc32c(rising), 0x46dd794e);
  assert.equal(crc32c(rising.toReversed()), 0x113fdb5c);
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
});

const at = "2026-01-02T03:04:05.678Z";
const metrics = (step: number, more: object) => ({
  id: step,
  event: "metrics",
  at,
  data: { step, ...more },
});

Deno.test("a file is whole records: each length fits, whatever the metrics are", () =>
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string(), fc.oneof(fc.double(), fc.string(), fc.constant(null)))),
      (rows) => {
        const file = eventFile(rows.map((row, i) => metrics(i + 1, row)), at);
        const view = new DataView(file.buffer);
        let records = 0;
        let offset = 0;
        for (; offset < file.length; records++) {
          offset += 8 + 4 + Number(view.getBigUint64(offset, true)) + 4;
        }
        assert.equal(offset, file.length);
        assert.equal(records, rows.length + 1);
      },
    ),
  ));

const python = findPython("tensorboard");

Deno.test({
  name: "TensorBoard reads back every step, tag and value",
  ignore: python === undefined,
  fn: async () => {
    const folder = await mkdtemp(join(tmpdir(), "calque-tensorboard-"));
    try {
      const rows = Array.from({ length: 300 }, (_, i) =>
        metrics(i + 1, {
          loss: 1 / (i + 1),
          "rewards/judge/mean": i % 3,
          grad_norm: i === 7 ? Infinity : i * 1e30,
          note: "left out",
          tiny: -1e-30,
        }));
      const events = [{ id: 0, event: "plan", at, data: { bytes: 1 } }, ...rows];
      await writeFile(join(folder, "events.out.tfevents.1.run"), eventFile(events, at));
      const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
found = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
found.Reload()
print(json.dumps({tag: [[e.step, e.value, e.wall_time] for e in found.Scalars(tag)]
    for tag in found.Tags()["scalars"]}))`;
      const { stdout, stderr, status } = spawnSync(python!, ["-c", script, folder], {
        encoding: "utf8",
      });
      assert.equal(status, 0, stderr);
      const read = JSON.parse(stdout.trim().split("\n").at(-1)!.replaceAll("Infinity", "1e999"));
      const tags = ["grad_norm", "loss", "rewards/judge/mean", "tiny"];
      assert.deepEqual(Object.keys(read).sort(), tags);
      for (const tag of tags) {
        assert.deepEqual(
          read[tag],
          rows.map(({ data }) => [
            data.step,
            Math.fround((data as unknown as Record<string, number>)[tag]!),
            Date.parse(at) / 1000,
          ]),
        );
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});
