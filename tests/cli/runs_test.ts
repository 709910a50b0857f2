import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunWriter } from "../../ts/runs/mod.ts";
import { calque } from "./calque.ts";

const score = (pass_at_1: number) => ({
  pass_at_1,
  low: pass_at_1 - 0.1,
  high: pass_at_1 + 0.1,
  samples: 200,
  pairs: { "python->lua": { pass_at_1, low: 0, high: 1, samples: 50 } },
});

/** A folder with one run that is done and one whose process is gone. */
const withRuns = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-cli-runs-"));
  try {
    for (const [name, lr] of [["good", 1e-3], ["killed", 1e-4]] as const) {
      const writer = await RunWriter.open(join(folder, name), "new");
      await writer.writeRecipe({ method: "oorl", steps: 3, seed: 1, optimizer: { lr } });
      await writer.announce("plan", {});
      await writer.addMetrics([1, 2, 3].map((step) => ({
        step,
        loss: 1 / step,
        grad_norm: 0.5,
        learning_rate: lr,
      })));
      if (name === "good") {
        await writer.writeSummary({
          status: "done",
          steps: 3,
          seconds: 12.5,
          seed: 1,
          device: "llvmpipe",
          before: score(0.3),
          after: score(0.5),
          infrastructure_rate: 0,
        });
      }
      await writer.close();
    }
    await writeFile(
      join(folder, "killed", "process.json"),
      JSON.stringify({ pid: 1, started: "another boot/1" }),
    );
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

Deno.test("runs list shows state and figures, and a killed run as interrupted", () =>
  withRuns(async (folder) => {
    const table = await calque(["runs", "list", "--data", folder]);
    assert.equal(table.code, 0);
    assert.match(table.stdout, /good +done +3\/3 +30\.0 \[20\.0, 40\.0\] +50\.0 \[40\.0, 60\.0\]/);
    assert.match(table.stdout, /killed +interrupted +3\/3/);
    const json = await calque(["runs", "list", "--data", folder, "--json", "--status", "done"]);
    const page = JSON.parse(json.stdout);
    assert.deepEqual(page.data.map((run: { id: string }) => run.id), ["good"]);
    assert.equal(page.next_cursor, null);
  }));

Deno.test("runs show takes an id or a folder, and says what is not there", () =>
  withRuns(async (folder) => {
    const byId = await calque(["runs", "show", "good", "--data", folder]);
    assert.match(byId.stdout, /status +done/);
    assert.match(byId.stdout, /python->lua +30\.0/);
    const byPath = await calque(["runs", "show", join(folder, "good"), "--json"]);
    assert.equal(JSON.parse(byPath.stdout).after.pass_at_1, 0.5);
    const absent = await calque(["runs", "show", "absent", "--data", folder]);
    assert.equal(absent.code, 2);
    assert.match(absent.stderr, /^error: no run "absent" in .*"calque runs list"/);
  }));

Deno.test("runs compare names where the recipes differ", () =>
  withRuns(async (folder) => {
    const { code, stdout } = await calque(["runs", "compare", "good", "killed", "--data", folder]);
    assert.equal(code, 0);
    assert.match(stdout, /optimizer\.lr +0\.001 +0\.0001/);
    assert.doesNotMatch(stdout, /seed/);
  }));

Deno.test("runs export gives the rows as CSV and JSONL", () =>
  withRuns(async (folder) => {
    const csv = await calque(["runs", "export", "good", "--data", folder]);
    assert.equal(csv.stdout.split("\r\n")[0], "step,loss,grad_norm,learning_rate");
    assert.equal(csv.stdout.trimEnd().split("\r\n").length, 4);
    const out = join(folder, "rows.jsonl");
    const args = ["runs", "export", "good", "--data", folder, "--format", "jsonl", "--out", out];
    const { code, stdout } = await calque(args);
    assert.deepEqual([code, stdout], [0, ""]);
    assert.equal((await Deno.readTextFile(out)).trimEnd().split("\n").length, 3);
  }));
