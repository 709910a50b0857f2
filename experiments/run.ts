/**
 * just experiment NAME [--report] [--only ARM]: runs every arm and seed of experiments/NAME.json that has no
 * result yet, and writes docs/results/NAME.md. What was broken off goes on at its last checkpoint.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import {
  type Cell,
  cellsOf,
  fileOf,
  readExperiment,
  type Result,
  root,
  writeResult,
} from "./experiment.ts";
import { report } from "./report.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { report: { type: "boolean", default: false }, only: { type: "string" } },
});
const name = positionals[0];
if (name === undefined || !existsSync(join(root, "experiments", `${name}.json`))) {
  console.error(`experiment ${name ?? ""}: expected the name of a file of experiments/`);
  process.exit(2);
}
const experiment = readExperiment(name);
const cells = cellsOf(experiment);

const train = async (cell: Cell): Promise<Result> => {
  const out = join(root, "runs", "experiments", name, cell.hash);
  const sets = cell.changes.flatMap((change) => ["--set", change]);
  const begun = existsSync(join(out, "recipe.json"));
  const args = begun
    ? ["train", "--resume", out]
    : ["train", experiment.recipe, ...sets, "--out", out];
  if (!existsSync(join(out, "summary.json")) || status(out) !== "done") {
    mkdirSync(join(root, "runs", "experiments", name), { recursive: true });
    const child = spawn(join(root, "calque"), args, {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [code] = await once(child, "close");
    if (code !== 0) {
      throw new Error(`${cell.arm}, seed ${cell.seed}: calque train exited with ${code}`);
    }
  }
  const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8"));
  const rows = readFileSync(join(out, "evaluations.jsonl"), "utf8").trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  const of = (when: string, greedy: boolean) =>
    rows.filter((row) => row.when === when && (row.temperature === 0) === greedy);
  const digits = (when: string, greedy: boolean) =>
    of(when, greedy).map(({ verdict }) =>
      verdict === "pass" ? "1" : verdict === "infrastructure" ? "-" : "0"
    ).join("");
  return {
    experiment: name,
    arm: cell.arm,
    seed: cell.seed,
    command: `./just train ${experiment.recipe} ${
      cell.changes.map((c) => `--set '${c}'`).join(" ")
    }`,
    device: summary.device,
    seconds: summary.seconds,
    passes: {
      "greedy before": digits("before", true),
      "greedy after": digits("after", true),
      "sampled before": digits("before", false),
      "sampled after": digits("after", false),
    },
    targets: of("after", true).map(({ target }) => target),
  };
};

const status = (out: string): unknown =>
  JSON.parse(readFileSync(join(out, "summary.json"), "utf8")).status;

const writeReport = () =>
  writeFileSync(join(root, "docs", "results", `${name}.md`), report(name, experiment, cells));

for (const cell of values.report ? [] : cells) {
  if (values.only !== undefined && values.only !== cell.arm) continue;
  if (existsSync(fileOf(name, cell))) continue;
  console.error(`${cell.arm}, seed ${cell.seed}`);
  writeResult(name, cell, await train(cell));
  writeReport();
}
writeReport();
