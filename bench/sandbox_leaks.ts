import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { Effect } from "effect";
import type { Sandbox } from "../ts/sandbox/mod.ts";

/** What exists of this process and below it; each number is one that runs must not raise. */
interface Census {
  readonly processes: number;
  readonly mounts: number;
  readonly cgroups: number;
  readonly files: number;
  readonly descriptors: number;
  readonly supervisor_mb: number;
}

/** Judges `runs` programs, some of which daemonise, crash or are killed, and says what they left behind. */
export const leakReport = Effect.fnUntraced(function* (
  sandbox: Sandbox["Service"],
  runs: number,
) {
  const one = (at: number) => sandbox.judge({ ...kinds[at % kinds.length]!, limits });
  const some = (count: number) =>
    Effect.forEach(Array.from({ length: count }, (_, at) => at), one, {
      concurrency: 8,
      discard: true,
    });
  // What is kept on purpose (built programs, opened files) is there after the first ones.
  yield* some(Math.min(200, runs));
  const before = census();
  yield* some(runs);
  // The last answer leaves before its folder does.
  yield* Effect.sleep("500 millis");
  const after = census();
  const lines = (Object.keys(before) as (keyof Census)[]).map((key) =>
    `${key.padEnd(16)}${String(before[key]).padStart(8)} before, ${
      String(after[key]).padStart(8)
    } after`
  );
  const clean = (["processes", "mounts", "cgroups", "files", "descriptors"] as const)
    .every((key) => after[key] <= before[key]) &&
    after.supervisor_mb <= before.supervisor_mb * 1.2 + 4;
  const verdict = clean ? "nothing stayed behind" : "SOMETHING STAYED BEHIND";
  return { runs, before, after, clean, lines: [`after ${runs} runs: ${verdict}`, ...lines] };
});

const limits = { cpu_s: 0.3, wall_s: 2, memory_mb: 64, output_kb: 64, processes: 16 };

const kinds = [
  { language: "lua", code: 'print("hello")', tests: [{ stdout: "hello" }] },
  { language: "lua", code: "error('no')", tests: [{ stdout: "" }] },
  { language: "lua", code: "while true do print(('x'):rep(1000)) end", tests: [{ stdout: "" }] },
  {
    language: "perl",
    code:
      "if (fork() == 0) { use POSIX; POSIX::setsid(); if (fork() == 0) { sleep 1000 } exit } print 42;",
    tests: [{ stdout: "42" }],
  },
  {
    language: "c",
    code: "int f(int n) { return n == 2 ? *(volatile int *)0 : n; }",
    function: "f",
    cases: [1, 2, 3].map((n) => ({ arguments: [n], result: n })),
  },
];

const children = (pid: number): number[] => {
  const path = `/proc/${pid}/task/${pid}/children`;
  const found = existsSync(path)
    ? readFileSync(path, "utf8").split(" ").filter((word) => word !== "").map(Number)
    : [];
  return found.flatMap((child) => [child, ...children(child)]);
};

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
};

const count = (folder: string): number => {
  try {
    return readdirSync(folder, { recursive: true }).length;
  } catch {
    return 0;
  }
};

/** Control groups of the supervisor's own. */
const groups = (supervisor: number): number =>
  readdirSync("/sys/fs/cgroup", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name === `calque-${supervisor}`).length;

const census = (): Census => {
  // Children of the runtime's threads are listed under those.
  const below = readdirSync(`/proc/${process.pid}/task`).flatMap((thread) => {
    const path = `/proc/${process.pid}/task/${thread}/children`;
    const found = readFileSync(path, "utf8").split(" ").filter((word) => word !== "").map(Number);
    return found.flatMap((child) => [child, ...children(child)]);
  });
  const supervisor = below.find((pid) => commandOf(pid).includes("supervisor.py")) ?? 0;
  const status = supervisor === 0 ? "" : readFileSync(`/proc/${supervisor}/status`, "utf8");
  const own = readdirSync(tmpdir()).filter((name) => name.startsWith("calque-sandbox-"));
  return {
    processes: below.length,
    mounts: readFileSync("/proc/self/mountinfo", "utf8").split("\n").length,
    cgroups: groups(supervisor),
    files: own.reduce((sum, name) => sum + count(`${tmpdir()}/${name}`), 0),
    descriptors: count("/proc/self/fd") + count(`/proc/${supervisor}/fd`),
    supervisor_mb: Math.round(Number(/VmRSS:\s*(\d+)/.exec(status)?.[1] ?? 0) / 1024),
  };
};
