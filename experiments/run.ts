/**
 * just experiment NAME [--only ARM]: runs every arm and seed of experiments/NAME.json that has no result yet (with
 * `--only` that arm and the baseline), and writes docs/results.md after each. What was broken off goes on at its last
 * checkpoint. Without NAME only the page and its pictures are written.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import {
  type Cell,
  cellsOf,
  fileOf,
  type Finished,
  outcomes,
  preparationsOf,
  readExperiment,
  readResults,
  type Result,
  root,
  writeResult,
} from "./experiment.ts";
import type { GeneratorLanguage } from "../ts/data/mod.ts";
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
  for (const { words, hash } of preparationsOf(experiment, seed)) {
    const done = join(root, "runs", "experiments", "prepared", hash);
    if (existsSync(done)) continue;
    console.error(`calque ${words.join(" ")}`);
    const [verb, ...rest] = words;
    const at = rest.indexOf("--out");
    mkdirSync(dirname(done), { recursive: true });
    if (verb === "train") {
      const out = rest[at + 1]!;
      const begun = `${done}.begun`;
      if (existsSync(join(root, out)) && !existsSync(begun)) {
        throw new Error(`${out}: of another experiment's preparation; remove it`);
      }
      writeFileSync(begun, "");
      await trainIn(out, rest.toSpliced(at, 2));
    } else await calque(words);
    writeFileSync(done, words.join(" "));
  }
};

/** What the baseline with the same seed says of the model before training: the same for all arms. */
const before = ({ arm, seed }: Cell, others: readonly Finished[]): Record<string, string> => {
  if (arm === experiment.baseline) return {};
  const baseline = others.find((result) =>
    result.arm === experiment.baseline && result.seed === seed
  );
  if (baseline === undefined) throw new Error(`${arm}, seed ${seed}: no ${experiment.baseline}`);
  return Object.fromEntries(
    Object.entries(baseline.outcomes).filter(([key]) => key.endsWith(" before")),
  );
};

const train = async (cell: Cell, others: readonly Finished[]): Promise<Finished> => {
  const folder = join("runs", "experiments", name, cell.hash);
  const out = join(root, folder);
  const sets = cell.changes.flatMap((change) => ["--set", change]);
  if (!existsSync(join(out, "summary.json")) || status(out) !== "done") {
    await prepare(cell.seed);
    await trainIn(folder, [experiment.recipe, ...sets]);
  }
  const recipe = readJson(join(out, "recipe.json"));
  const { evaluate, rollout } = recipe.stages?.at(-1) ?? recipe;
  const faultOf = faultsOf(resolve(root, evaluate.tasks ?? rollout.tasks));
  const letters = before(cell, others);
  const add = (key: string, { task, target, code, verdict }: Row): void => {
    const outcome = verdict === "pass"
      ? "pass"
      : verdict === "infrastructure"
      ? "not judged"
      : key in (experiment.then ?? {})
      ? "other"
      : faultOf(task, target, code ?? "");
    letters[key] = (letters[key] ?? "") + outcomes[outcome];
  };
  const rows: readonly Row[] = readFileSync(join(out, "evaluations.jsonl"), "utf8").trimEnd()
    .split("\n").map((line) => JSON.parse(line));
  const earlier = (recipe.stages ?? []).slice(0, -1)
    .reduce((sum: number, { steps }: { steps: number }) => sum + steps, 0);
  for (const row of rows) {
    const when = row.when === "during" ? `step ${row.step - earlier}` : row.when;
    add(`${row.temperature === 0 ? "greedy" : "sampled"} ${when}`, row);
  }
  const last = rows.filter(({ when, temperature }) => when === "after" && temperature === 0);
  const problems = {
    tasks: last.map(({ task }) => task),
    targets: last.map(({ target }) => target),
  };
  let recognition: Result["recognition"];
  for (const [key, flags] of Object.entries(experiment.then ?? {})) {
    const page = join(folder, `${key}.html`);
    const model = join(folder, "model");
    await calque(["evaluate", "--model", model, ...flags.split(" "), "--html", page]);
    const report = readJson(join(out, `${key}.json`));
    const asked: readonly Row[] = report.comparisons[0]?.after ?? [];
    const stray = asked.findIndex(({ task, target }, i) =>
      task !== problems.tasks[i] || target !== problems.targets[i]
    );
    if (stray >= 0) throw new Error(`${page}: problem ${stray} is not the experiment's`);
    for (const row of asked) add(key, row);
    recognition = report.recognition ?? recognition;
  }
  const summary = readJson(join(out, "summary.json"));
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
    ...(recognition === undefined ? {} : { recognition }),
    ...problems,
  };
};

/** A row of a run's evaluations, or of a report's samples. */
interface Row {
  readonly when: string;
  readonly step: number;
  readonly temperature: number;
  readonly task: string;
  readonly target: GeneratorLanguage;
  readonly verdict: string;
  readonly code?: string;
}

const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

const status = (out: string): unknown => readJson(join(out, "summary.json")).status;

for (const cell of cells) {
  const asked = values.only === undefined || values.only === cell.arm;
  if (!asked && cell.arm !== experiment.baseline) continue;
  if (existsSync(fileOf(name, cell))) continue;
  console.error(`${cell.arm}, seed ${cell.seed}`);
  const others = readResults(name, cells);
  writeResult(name, cell, await train(cell, others), others);
  writePage();
}
