/** The engine at the generation task: `deno run -A bench/peers/calque_generation.ts FOLDER [PROVIDER]`. */
import { openEngine } from "../../ts/model/mod.ts";
import { loadGeneration, timeGeneration } from "./task.ts";

const task = await loadGeneration(Deno.args[0]!);
const length = task.prompts[0]!.length;
const engine = await openEngine({
  model: task.model,
  train: false,
  tokens_per_pass: 4096,
  context: length + task.tokens,
  slots: task.prompts.length,
  ...(Deno.args[1] ? { provider: Deno.args[1] as "dawn" } : {}),
});
const measured = await timeGeneration(task, async (prompts, max_tokens) => {
  const completions = await engine.generate({
    prompts: prompts.map((prompt) => Uint32Array.from(prompt)),
    samples: 1,
    max_tokens,
    temperature: 0,
    seed: 0,
    stop: [],
  });
  return completions.map(({ ids }) => [...ids]);
});
console.log(JSON.stringify({ version: "calque", device: engine.device.name, ...measured }));
await engine.close();
Deno.exit(0);
