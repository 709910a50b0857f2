/**
 * just experiment NAME [--only ARM]: runs every arm and seed of experiments/NAME.json that has no result yet (with
 * `--only` that arm and the baseline), and writes docs/results.md after each. What was broken off goes on at its last checkpoint. Without NAME only the page and
 * its pictures are written.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import {
  type Cell,
  cellsOf,
  fileOf,
  outcomes,
  preparationsOf,
  readExperiment,
  readResults,
  type Result,
  root,
  writeResult,
} from "./experiment.ts";
import { faultsOf } from "./faults.ts";
import { writePage } from "./page.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string" } },
});
const name = positionals[0];
if (name === undefined) {
  writePage();
  process.exit(0);
}
if (!existsSync(join(root, "experiments", `${name}.json`))) {
  console.error(`experiment ${name}: expected the name of a file of experiments/`);
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

/** What the baseline with the same seed says of the model before training: the same for all arms. */
const before = ({ arm, seed }: Cell, targets: readonly string[]): Record<string, string> => {
  if (arm === experiment.baseline) return {};
  const baseline = readResults(name, cells)
    .find((result) => result.arm === experiment.baseline && result.seed === seed);
  if (baseline?.targets.join() !== targets.join()) {
    throw new Error(
      `${arm}, seed ${seed}: ${experiment.baseline} measured other problems, or none`,
    );
  }
  return Object.fromEntries(
    Object.entries(baseline.outcomes).filter(([key]) => key.endsWith(" before")),
  );
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
  const recipe = JSON.parse(readFileSync(join(out, "recipe.json"), "utf8"));
  const faultOf = faultsOf(resolve(root, recipe.rollout.tasks));
  const targets = rows.filter(({ when, temperature }) => when === "after" && temperature === 0)
    .map(({ target }) => target);
  const letters = before(cell, targets);
  for (const { when, step, temperature, verdict, task, target, code } of rows) {
    const key = `${temperature === 0 ? "greedy" : "sampled"} ${
      when === "during" ? `step ${step}` : when
    }`;
    const outcome = verdict === "pass"
      ? "pass"
      : verdict === "infrastructure"
      ? "not judged"
      : faultOf(task, target, code ?? "");
    letters[key] = (letters[key] ?? "") + outcomes[outcome];
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
    outcomes: letters,
    targets,
  };
};

const status = (out: string): unknown =>
  JSON.parse(readFileSync(join(out, "summary.json"), "utf8")).status;

for (const cell of cells) {
  const asked = values.only === undefined || values.only === cell.arm;
  if (!asked && cell.arm !== experiment.baseline) continue;
  if (existsSync(fileOf(name, cell))) continue;
  console.error(`${cell.arm}, seed ${cell.seed}`);
  writeResult(name, cell, await train(cell));
  writePage();
}
