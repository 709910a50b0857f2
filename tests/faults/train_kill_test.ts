/**
 * An OORL run on the bundled model is killed at moments spread evenly over its time, while it writes a
 * checkpoint and while it judges, and resumed: it ends with the weights and the rows of a run left alone.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { calque, objects, root, start } from "../cli/calque.ts";

const KILLS = Number(Deno.env.get("CALQUE_FAULT_TRAIN_KILLS") ?? 2);

const recipe = async (folder: string): Promise<string> => {
  const quickstart = JSON.parse(await readFile(join(root, "recipes/quickstart.json"), "utf8"));
  const at = (path: string) => join(root, path);
  const file = join(folder, "recipe.json");
  await writeFile(
    file,
    JSON.stringify({
      ...quickstart,
      $schema: at("recipes/schema.json"),
      model: at("assets/seed"),
      steps: 6,
      rollout: {
        ...quickstart.rollout,
        tasks: at("assets/tasks"),
        prompts_per_step: 6,
        max_tokens: 80,
        staleness: 1,
      },
      objective: {
        ...quickstart.objective,
        gepo: { ...quickstart.objective.gepo, groups: at("assets/groups.jsonl"), per_step: 1 },
      },
      evaluate: { problems: 6, temperature: 1 },
    }),
  );
  return file;
};

type Child = ReturnType<typeof start>;

/** Waits for the moment; `false` where the run has ended before it came. */
type Moment = (child: Child, run: string) => Promise<boolean>;

const running = (child: Child): boolean => child.exitCode === null;

const after = (ms: number): Moment => async (child) => {
  await Promise.race([setTimeout(ms, undefined, { ref: false }), once(child, "exit")]);
  return running(child);
};

/** As soon as something is seen, looked for without pause. */
const once_ = (seen: (child: Child, run: string) => boolean): Moment => async (child, run) => {
  while (running(child) && !seen(child, run)) await setTimeout(1);
  return running(child);
};

const writing = (_: Child, run: string): boolean => {
  const place = join(run, "checkpoints");
  return existsSync(place) && readdirSync(place).some((name) => name.startsWith(".writing-"));
};

/** Whether a sandbox below the process runs, once a step has been trained. */
const judging = (child: Child, run: string): boolean => {
  const place = join(run, "metrics.jsonl");
  if (!existsSync(place) || readFileSync(place).length === 0) return false;
  const parents = new Map<number, [parent: number, name: string]>();
  for (const pid of readdirSync("/proc").map(Number).filter((pid) => pid > 0)) {
    try {
      const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(
        readFileSync(`/proc/${pid}/stat`, "utf8"),
      )!;
      parents.set(pid, [Number(parent), name!]);
    } catch {
      // It has ended meanwhile.
    }
  }
  const below = (pid: number): boolean =>
    pid === child.pid || (parents.has(pid) && below(parents.get(pid)![0]));
  return [...parents].some(([pid, [, name]]) => name === "bwrap" && below(pid));
};

/** What must not depend on a kill: all but times and speeds. */
const rowsOf = async (run: string) => {
  const rows = async (name: string) =>
    objects(await readFile(join(run, name), "utf8")).map((row) =>
      Object.fromEntries(
        Object.entries(row).filter(([key]) => !/_s$|_per_s$|^judgement$/.test(key)),
      )
    );
  return { metrics: await rows("metrics.jsonl"), rollouts: await rows("rollouts.jsonl") };
};

Deno.test(`killed at ${KILLS} even moments, writing and judging, a run resumes to the same bits`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "calque-train-kill-"));
  const table: string[] = [];
  try {
    const file = await recipe(folder);
    const straight = join(folder, "straight");
    const began_ms = performance.now();
    const alone = await calque(["train", file, "--out", straight]);
    assert.equal(alone.code, 0, alone.stderr);
    const whole_ms = performance.now() - began_ms;
    const weights = (run: string) => readFile(join(run, "model/model.safetensors"));
    const wanted = await weights(straight);
    const rows = await rowsOf(straight);

    const moments: (readonly [name: string, moment: Moment])[] = [
      ...Array.from({ length: KILLS }, (_, i) => {
        const share = (i + 0.5) / KILLS;
        return [`at ${(100 * share).toFixed(0)} % of the time`, after(share * whole_ms)] as const;
      }),
      ["writing a checkpoint", once_(writing)],
      ["judging", once_(judging)],
    ];
    for (const [i, [name, moment]] of moments.entries()) {
      const run = join(folder, `broken-${i}`);
      const child = start(["train", file, "--out", run]);
      child.stdout.resume();
      child.stderr.resume();
      const killed = await moment(child, run);
      child.kill("SIGKILL");
      if (running(child)) await once(child, "exit");
      const metrics = join(run, "metrics.jsonl");
      const steps = existsSync(metrics) ? readFileSync(metrics, "utf8").split("\n").length - 1 : 0;
      table.push(`killed ${name}: ${killed ? `after ${steps} steps` : "it had ended before"}`);
      if (!killed) continue;
      const resumed = existsSync(join(run, "recipe.json"))
        ? await calque(["train", "--resume", run])
        // Killed before it had begun, a run is nothing.
        : await calque(["train", file, "--out", run]);
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.ok((await weights(run)).equals(wanted), `${name}: other weights`);
      assert.deepEqual(await rowsOf(run), rows, name);
    }
    assert.ok(table.filter((line) => line.includes("after")).length > KILLS / 2, table.join("\n"));
  } finally {
    console.log(table.join("\n"));
    await rm(folder, { recursive: true });
  }
});
