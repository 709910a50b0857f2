/**
 * The HTTP API under load, on this machine, with the load's own processes beside it:
 *
 *   reads      requests a second on a folder of runs, offered at a fixed rate, with their latencies
 *   listeners  a training run with and without listeners of its events, in interleaved pairs: the server's
 *              CPU seconds beside the training's, and the training's speed
 *   chats      tokens a second of the bundled model, asked by one client and by several at once
 *
 *     just bench api reads [--rate 1000] [--seconds 10] [--runs 20]
 *     just bench api listeners [--count 500] [--pairs 10] [--steps 200]
 *     just bench api chats [--clients 4,16] [--chats 64]
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { layout, lockHolder, readRows, RunWriter } from "../ts/runs/mod.ts";
import { type Server, startServer } from "../tests/api/server.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    rate: { type: "string", default: "1000" },
    seconds: { type: "string", default: "10" },
    runs: { type: "string", default: "20" },
    count: { type: "string", default: "500" },
    pairs: { type: "string", default: "10" },
    steps: { type: "string", default: "200" },
    clients: { type: "string", default: "4,16" },
    chats: { type: "string", default: "64" },
    json: { type: "boolean", default: false },
  },
});

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** One answer read to its end; its status. */
const get = (server: Server, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${server.token}` };
    request(server.url + path, { agent, headers }, (response) => {
      response.on("data", () => {});
      response.on("end", () => resolve(response.statusCode!));
    }).on("error", reject).end();
  });

const cpuSeconds = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Fields 14 and 15 of proc_pid_stat(5), in ticks of which Linux shows 100 a second.
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
};

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;

const withServer = async <A>(
  prepare: (data: string) => Promise<void>,
  work: (server: Server) => Promise<A>,
): Promise<A> => {
  const data = await mkdtemp(join(tmpdir(), "calque-bench-"));
  try {
    await prepare(data);
    const server = await startServer(data, undefined, ["--rate", "100000"]);
    try {
      return await work(server);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(data, { recursive: true });
  }
};

const pastRun = async (data: string, id: string): Promise<void> => {
  const writer = await RunWriter.open(join(data, id), "new");
  await writer.writeRecipe({ method: "sft", steps: 200, seed: 0 });
  const rows = Array.from({ length: 200 }, (_, i) => ({
    step: i + 1,
    loss: 1 / (i + 1),
    grad_norm: 1,
    learning_rate: 1e-3,
    entropy: 0.5,
  }));
  await writer.addMetrics(rows);
  await writer.addRollouts(rows.map(({ step }) => ({ step, target: "lua", reward: step % 2 })));
  await writer.announce("done", { step: 200 });
  await writer.writeSummary({
    status: "done",
    steps: 200,
    seconds: 1,
    seed: 0,
    device: "none",
    before: null,
    after: null,
    infrastructure_rate: 0,
  });
  await writer.close();
};

const PATHS = [
  "/api/runs?limit=20",
  "/api/runs/run-1",
  "/api/runs/run-2",
  "/api/runs/run-1/metrics?points=100",
  "/api/runs/run-1/rollouts?limit=20",
  "/api/runs/run-3/checkpoints",
  "/v1/models",
  "/healthz",
];

const reads = () =>
  withServer(
    async (data) => {
      for (let i = 1; i <= Number(values.runs); i++) await pastRun(data, `run-${i}`);
    },
    async (server) => {
      const { pid } = JSON.parse(await readFile(join(server.data, "server.json"), "utf8"));
      for (const path of [...PATHS, ...PATHS]) await get(server, path);
      const rate = Number(values.rate);
      const total = rate * Number(values.seconds);
      const latencies_ms: number[] = [];
      const byPath = new Map<string, number[]>(PATHS.map((path) => [path, []]));
      let failed = 0;
      const cpu_s = await cpuSeconds(pid);
      const began_ms = performance.now();
      const waiting: Promise<void>[] = [];
      for (let i = 0; i < total; i++) {
        // Offered at its time whether the last was answered or not: a slow server cannot slow the load.
        const due_ms = began_ms + 1000 * i / rate;
        if (due_ms > performance.now() + 1) await setTimeout(due_ms - performance.now());
        const path = PATHS[i % PATHS.length]!;
        waiting.push(
          get(server, path).then((status) => {
            if (status !== 200) failed++;
            const took_ms = performance.now() - due_ms;
            latencies_ms.push(took_ms);
            byPath.get(path)!.push(took_ms);
          }, () => {
            failed++;
          }),
        );
      }
      await Promise.all(waiting);
      const spent_s = (performance.now() - began_ms) / 1000;
      const sorted = latencies_ms.sort((a, b) => a - b);
      const server_cpu_s = await cpuSeconds(pid) - cpu_s;
      return {
        bench: "reads",
        offered_per_s: rate,
        answered_per_s: Math.round(sorted.length / spent_s),
        failed,
        p50_ms: quantile(sorted, 0.5),
        p99_ms: quantile(sorted, 0.99),
        worst_ms: sorted.at(-1)!,
        server_cpu_s_per_s: server_cpu_s / spent_s,
        p50_ms_of: Object.fromEntries(
          [...byPath].map(([path, each]) => [path, quantile(each.sort((a, b) => a - b), 0.5)]),
        ),
      };
    },
  );

/** One job with so many listeners: CPU seconds, and steps a second between the first and the last. */
const job = async (server: Server, listeners: number) => {
  const { pid } = JSON.parse(await readFile(join(server.data, "server.json"), "utf8"));
  const recipe = {
    method: "sft",
    model: "assets/seed",
    data: { path: join(server.data, "rows.jsonl") },
    steps: Number(values.steps),
    batch: { size: 8 },
    optimizer: { lr: 1e-5 },
    checkpoint: { every: 1_000_000, keep: 1 },
  };
  const { status, body } = await server.ask("POST", "/api/runs", { recipe, name: "bench" });
  if (status !== 201) throw new Error(JSON.stringify(body));
  const folder = join(server.data, body.id);
  const server_began_s = await cpuSeconds(pid);
  let heard = 0;
  const listening = Array.from({ length: listeners }, async () => {
    const response = await server.fetch(`/api/runs/${body.id}/events`);
    for await (const chunk of response.body!) heard += chunk.length;
  });
  let training_s = 0;
  for (;;) {
    const holder = await lockHolder(layout(folder).process);
    if (holder !== undefined) training_s = Math.max(training_s, await cpuSeconds(holder.pid));
    else if (training_s > 0) break;
    await setTimeout(20);
  }
  await Promise.all(listening);
  const server_s = await cpuSeconds(pid) - server_began_s;
  const steps = (await readRows(layout(folder).events))
    .filter((row) => row["event"] === "metrics")
    .map((row) => Date.parse(String(row["at"])));
  const steps_per_s = 1000 * (steps.length - 1) / (steps.at(-1)! - steps[0]!);
  return { listeners, server_s, training_s, steps_per_s, heard_bytes: heard };
};

const listeners = () =>
  withServer(
    async (data) => {
      const row = (i: number) => ({ prompt: `<|python|>x${i}<|lua|>`, completion: "return 1" });
      const rows = Array.from({ length: 64 }, (_, i) => JSON.stringify(row(i)) + "\n").join("");
      await writeFile(join(data, "rows.jsonl"), rows);
    },
    async (server) => {
      await job(server, 0);
      const pairs = [];
      for (let i = 0; i < Number(values.pairs); i++) {
        // Which comes first changes, so that a machine that warms up or slows down favours neither.
        const order = i % 2 === 0 ? [0, Number(values.count)] : [Number(values.count), 0];
        const done = [];
        for (const count of order) done.push(await job(server, count));
        const quiet = done.find((each) => each.listeners === 0)!;
        const heard = done.find((each) => each.listeners > 0)!;
        pairs.push({
          speed: heard.steps_per_s / quiet.steps_per_s,
          server_share: heard.server_s / heard.training_s,
          quiet,
          heard,
        });
        console.error(JSON.stringify(pairs.at(-1)));
      }
      const median = (of: readonly number[]) => quantile([...of].sort((a, b) => a - b), 0.5);
      return {
        bench: "listeners",
        count: Number(values.count),
        pairs: pairs.length,
        server_share_of_training_cpu: median(pairs.map(({ server_share }) => server_share)),
        speed_with_to_without: median(pairs.map(({ speed }) => speed)),
        steps_per_s: median(pairs.map(({ quiet }) => quiet.steps_per_s)),
      };
    },
  );

/** So many chats by so many clients, each asking its next when it has the last. */
const chatsBy = async (server: Server, clients: number) => {
  let next = 0;
  let tokens = 0;
  const client = async () => {
    for (let seed = next++; seed < Number(values.chats); seed = next++) {
      const content = `<|task|>f(a, b): Return a times b, plus ${seed}.<|python|>`;
      const messages = [{ role: "user", content }];
      const { status, body } = await server.ask("POST", "/v1/chat/completions", {
        model: "seed",
        messages,
        max_completion_tokens: 64,
        seed,
      });
      if (status !== 200) throw new Error(JSON.stringify(body));
      tokens += body.usage.completion_tokens;
    }
  };
  const began_ms = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - began_ms) / 1000;
  return { clients, tokens, tokens_per_s: tokens / seconds };
};

const chats = () =>
  withServer(
    async () => {},
    async (server) => {
      await chatsBy(server, 1);
      const alone = await chatsBy(server, 1);
      const rows = [];
      for (const clients of values.clients.split(",").map(Number)) {
        const row = await chatsBy(server, clients);
        rows.push({ ...row, to_one_client: row.tokens_per_s / alone.tokens_per_s });
      }
      return { bench: "chats", rows: [alone, ...rows] };
    },
  );

const benches = { reads, listeners, chats };
const asked = positionals.length === 0 ? Object.keys(benches) : positionals;
for (const name of asked) {
  const bench = benches[name as keyof typeof benches];
  if (bench === undefined) {
    throw new Error(`no bench "${name}"; expected some of ${Object.keys(benches).join(", ")}`);
  }
  console.log(JSON.stringify(await bench(), null, values.json ? 0 : 2));
}
agent.destroy();
