import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { RunWriter } from "../../ts/runs/mod.ts";

/**
 * Stands where `calque train` stands in the queue's tests: a process that writes a run folder as a real
 * run does, at a pace that the recipe sets (`step_ms`), and without a GPU.
 */
const [command, ...args] = process.argv.slice(2);
if (command !== "train") throw new Error(`expected train, got ${command}`);
const resume = args[0] === "--resume";
const folder = resume ? args[1]! : args[2]!;
const recipe = JSON.parse(await Deno.readTextFile(resume ? `${folder}/recipe.json` : args[0]!));
if (recipe.fail !== undefined) {
  console.error(`error: ${recipe.fail}`);
  process.exit(2);
}
const writer = await RunWriter.open(folder, resume ? "resume" : "new");
await writer.writeRecipe(recipe);
let interrupted = false;
process.on("SIGINT", () => interrupted = true);
const done = resume ? (await writer.announce("resumed", {})).id - 2 : 0;
let step = done;
while (step < recipe.steps && !interrupted) {
  step++;
  await writer.addMetrics([{ step }]);
  await writer.announce("metrics", { step });
  await setTimeout(recipe.step_ms);
}
await writer.writeSummary({
  status: interrupted ? "interrupted" : "done",
  steps: step,
  seconds: 0,
  seed: 0,
  device: "none",
  before: null,
  after: null,
  infrastructure_rate: 0,
});
await writer.close();
process.exit(interrupted ? 130 : 0);
