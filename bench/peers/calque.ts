/** The engine at the peers' task: `deno run -A bench/peers/calque.ts FOLDER [PROVIDER]`. */
import { openEngine } from "../../ts/model/mod.ts";
import { loadTask, timeSteps } from "./task.ts";

const loaded = await loadTask(Deno.args[0]!);
const { task } = loaded;
const rows = task.ids.map((row) => Uint32Array.from(row));
const length = rows[0]!.length;
const engine = await openEngine({
  model: task.model,
  train: true,
  tokens_per_pass: rows.length * length,
  context: length,
  ...(Deno.args[1] ? { provider: Deno.args[1] as "dawn" } : {}),
});
const share = 1 / (rows.length * (length - 1));
const dlogp = rows.map(() => new Float32Array(length).fill(-share));
const measured = await timeSteps(loaded, async () => {
  const { logProbs } = await engine.accumulate(rows, dlogp, { temperature: 1 });
  await engine.update({ ...task, weight_decay: 0, clip_norm: 0 });
  return -share *
    logProbs.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0);
});
console.log(
  JSON.stringify({
    version: "calque",
    device: engine.device.name,
    ...measured,
  }),
);
await engine.close();
Deno.exit(0);
