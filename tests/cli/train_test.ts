import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { sharedFolder } from "../../ts/shared.ts";
import { calque, objects, start } from "./calque.ts";

const golden = sharedFolder("golden");
const model = `${golden}/models/llama-gqa-tied`;
const read = async (file: string) => JSON.parse(await readFile(file, "utf8"));
const rowsOf = async (file: string) => objects(await readFile(file, "utf8"));

/** A folder with a recipe of supervised steps on the golden batch, and its rows. */
const withRecipe = async (
  work: (folder: string, recipe: string) => Promise<void>,
): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "calque-train-"));
  try {
    const { sequences } = await read(`${model}/batch.json`);
    const { optimizer } = await read(`${model}/expected.json`);
    await writeFile(
      join(folder, "rows.jsonl"),
      sequences.map(({ ids, mask }: { ids: number[]; mask: number[] }) =>
        JSON.stringify({ ids, mask }) + "\n"
      ).join(""),
    );
    const recipe = {
      method: "sft",
      model: `${model}/model`,
      data: { path: "rows.jsonl", packing: false, shuffle: false },
      seed: 0,
      steps: 3,
      batch: { size: sequences.length },
      optimizer,
      engine: { tokens_per_pass: 512, context: 128, slots: 8 },
    };
    const file = join(folder, "recipe.json");
    await writeFile(file, JSON.stringify(recipe));
    await work(folder, file);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const weights = (folder: string): Promise<Uint8Array> =>
  readFile(join(folder, "model", "model.safetensors"));

Deno.test({
  name: "a run writes its folder, and its losses and norms are the golden ones",
  ignore: golden === undefined,
  fn: () =>
    withRecipe(async (folder, recipe) => {
      const out = join(folder, "run");
      const { code, stdout, stderr } = await calque(["train", recipe, "--out", out]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`run: ${out}\n$`));
      assert.match(stderr, /step 3\/3/);
      const expected = await read(`${model}/expected.json`);
      const metrics = await rowsOf(join(out, "metrics.jsonl"));
      assert.deepEqual(metrics.map((row) => row["step"]), [1, 2, 3]);
      metrics.forEach((row, i) => {
        const near = (key: string, value: number) =>
          assert.ok(Math.abs(row[key] as number - value) < 1e-4 * value, `${key} of step ${i + 1}`);
        near("loss", expected.losses[i]);
        near("grad_norm", expected.grad_norms[i]);
        assert.equal(row["learning_rate"], expected.optimizer.lr);
      });
      const summary = await read(join(out, "summary.json"));
      assert.deepEqual([summary.status, summary.steps, summary.seed], ["done", 3, 0]);
      const events = await rowsOf(join(out, "events.jsonl"));
      assert.deepEqual(events.map((row) => row["id"]), events.map((_, i) => i + 1));
      assert.equal(events.at(-1)!["event"], "done");
      assert.equal((await read(join(out, "recipe.json"))).optimizer.schedule, "constant");
      assert.ok((await weights(out)).length > 0);
      const again = await calque(["train", recipe, "--out", out]);
      assert.equal(again.code, 2);
      assert.match(again.stderr, /already holds a run; .*--resume/);
      const resumed = await calque(["train", "--resume", out]);
      assert.equal(resumed.code, 2);
      assert.match(resumed.stderr, /nothing to resume/);
    }),
});

Deno.test({
  name: "killed and resumed, a run ends with the weights and the rows of one that was not",
  ignore: golden === undefined,
  fn: () =>
    withRecipe(async (folder, recipe) => {
      const args = ["--set", "steps=12"];
      const straight = join(folder, "straight");
      assert.equal((await calque(["train", recipe, ...args, "--out", straight])).code, 0);
      const broken = join(folder, "broken");
      const child = start(["train", recipe, ...args, "--out", broken]);
      child.stdout.resume();
      for await (const line of createInterface({ input: child.stderr })) {
        if (/^step 4\//.test(line)) process.kill(child.pid!, "SIGKILL");
      }
      const listed = await calque(["runs", "list", "--data", folder]);
      assert.match(listed.stdout, /broken +interrupted/);
      const resumed = await calque(["train", "--resume", broken]);
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.ok(Buffer.from(await weights(broken)).equals(await weights(straight)), "not one bit");
      const strip = (rows: Record<string, unknown>[]) =>
        rows.map(({ step, loss, grad_norm }) => ({ step, loss, grad_norm }));
      assert.deepEqual(
        strip(await rowsOf(join(broken, "metrics.jsonl"))),
        strip(await rowsOf(join(straight, "metrics.jsonl"))),
      );
      const events = await rowsOf(join(broken, "events.jsonl"));
      assert.deepEqual(events.map((row) => row["id"]), events.map((_, i) => i + 1));
    }),
});

Deno.test({
  name: "Ctrl-C ends a run cleanly: it says how to go on, is interrupted, and exits 130",
  ignore: golden === undefined,
  fn: () =>
    withRecipe(async (folder, recipe) => {
      const out = join(folder, "run");
      const child = start(["train", recipe, "--set", "steps=100000", "--out", out]);
      child.stdout.resume();
      const exited = once(child, "exit");
      const said: string[] = [];
      for await (const line of createInterface({ input: child.stderr })) {
        if (/^step 2\//.test(line)) process.kill(child.pid!, "SIGINT");
        said.push(line);
      }
      assert.equal((await exited)[0], 130);
      assert.match(said.join("\n"), /calque train --resume /);
      assert.equal((await read(join(out, "summary.json"))).status, "interrupted");
      const events = await rowsOf(join(out, "events.jsonl"));
      assert.equal(events.at(-1)!["event"], "interrupted");
    }),
});

Deno.test({
  name: "a recipe's fault is one line that names file, key and what was expected; exit 2",
  ignore: golden === undefined,
  fn: () =>
    withRecipe(async (folder, recipe) => {
      const cases: [string[], RegExp][] = [
        [["stpes=3"], /^error: .*recipe\.json: key "stpes": is not a known key.*\n$/],
        [["steps=-1"], /^error: .*recipe\.json: key "steps": .*\n$/],
        [["optimizer.lr=fast"], /^error: .*recipe\.json: key "optimizer\.lr": expected .*\n$/],
        [["method=magic"], /^error: .*recipe\.json: key "method": expected .*\n$/],
        [["steps"], /^error: --set.*steps.*expected path\.to\.key=value\n$/],
        [["model=/no/such"], /^error: .*\/no\/such.*\n$/],
        [["data.path=/no/rows.jsonl"], /^error: .*\/no\/rows\.jsonl.*\n$/],
      ];
      for (const [set, expected] of cases) {
        const out = join(folder, "run");
        const flags = set.flatMap((pair) => ["--set", pair]);
        const { code, stdout, stderr } = await calque(["train", recipe, ...flags, "--out", out]);
        assert.equal(code, 2, `${set}: ${stderr}`);
        assert.equal(stdout, "");
        const last = stderr.trimEnd().split("\n").at(-1) + "\n";
        assert.match(last, expected);
        await rm(out, { recursive: true, force: true });
      }
      const absent = await calque(["train", join(folder, "absent.json")]);
      assert.equal(absent.code, 2);
      assert.match(absent.stderr, /^error: .*absent\.json.*\n$/);
      const neither = await calque(["train"]);
      assert.equal(neither.code, 2);
    }),
});

Deno.test({
  name: "--plan says what is needed and leaves nothing behind",
  ignore: golden === undefined,
  fn: () =>
    withRecipe(async (folder, recipe) => {
      const { code, stdout } = await calque(["train", recipe, "--plan", "--json"], { cwd: folder });
      assert.equal(code, 0);
      const plan = JSON.parse(stdout);
      assert.ok(plan.memory_bytes > 0 && plan.seconds > 0);
      assert.deepEqual(plan.stages.map(({ method }: { method: string }) => method), ["sft"]);
      await assert.rejects(readFile(join(folder, "runs")));

      // Without weights memory is known, the time is not.
      const bare = join(folder, "bare");
      await mkdir(bare);
      await copyFile(
        `${golden}/models/llama-gqa-tied/model/config.json`,
        join(bare, "config.json"),
      );
      const set = ["--set", `model=${bare}`];
      const some = await calque(["train", recipe, "--plan", "--json", ...set], { cwd: folder });
      assert.equal(some.code, 0, some.stderr);
      const { memory_bytes, seconds } = JSON.parse(some.stdout);
      assert.deepEqual([memory_bytes, seconds], [plan.memory_bytes, null]);
      const table = await calque(["train", recipe, "--plan", ...set], { cwd: folder });
      assert.match(table.stdout, /no estimate of the time: .*safetensors/);
    }),
});
