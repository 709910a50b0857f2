/**
 * just experiment NAME [--report] [--only ARM]: runs every arm and seed of experiments/NAME.json that has no
 * result yet, and writes docs/results/NAME.md. What was broken off goes on at its last checkpoint.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import {
  type Cell,
  cellsOf,
  fileOf,
  preparationsOf,
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

const calque = async (args: readonly string[]): Promise<void> => {
  const child = spawn(join(root, "calque"), args, {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`calque ${args.join(" ")} exited with ${code}`);
};

/** A run in a folder of its own, begun or gone on with. */
const trainIn = (out: string, args: readonly string[]): Promise<void> => {
  mkdirSync(dirname(join(root, out)), { recursive: true });
  const begun = existsSync(join(root, out, "recipe.json"));
  return calque(begun ? ["train", "--resume", out] : ["train", ...args, "--out", out]);
};

const prepare = async (seed: number): Promise<void> => {
  for (const { makes, command } of preparationsOf(experiment, seed)) {
    if (existsSync(join(root, makes))) continue;
    console.error(`${makes}`);
    const [verb, ...rest] = command;
    const at = rest.indexOf("--out");
    if (verb === "train") await trainIn(rest[at + 1]!, rest.toSpliced(at, 2));
    else await calque(command);
    if (!existsSync(join(root, makes))) throw new Error(`${command.join(" ")} made no ${makes}`);
  }
};

const train = async (cell: Cell): Promise<Result> => {
  const folder = join("runs", "experiments", name, cell.hash);
  const out = join(root, folder);
  const sets = cell.changes.flatMap((change) => ["--set", change]);
  if (!existsSync(join(out, "summary.json")) || status(out) !== "done") {
    await prepare(cell.seed);
    await trainIn(folder, [experiment.recipe, ...sets]);
  }
  const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8"));
  const rows = readFileSync(join(out, "evaluations.jsonl"), "utf8").trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  const passes: Record<string, string> = {};
  for (const { when, step, temperature, verdict } of rows) {
    const key = `${temperature === 0 ? "greedy" : "sampled"} ${
      when === "during" ? `step ${step}` : when
    }`;
    const digit = verdict === "pass" ? "1" : verdict === "infrastructure" ? "-" : "0";
    passes[key] = (passes[key] ?? "") + digit;
  }
  return {
    experiment: name,
    arm: cell.arm,
    seed: cell.seed,
    command: `./just train ${experiment.recipe} ${
      cell.changes.map((c) => `--set '${c}'`).join(" ")
    }`,
    device: summary.device,
    seconds: summary.seconds,
    passes,
    targets: rows.filter(({ when, temperature }) => when === "after" && temperature === 0)
      .map(({ target }) => target),
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
