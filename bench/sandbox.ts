/**
 * What judging costs beyond starting the program, and what stays behind.
 *
 *   deno run -A bench/sandbox.ts [--runs N] [--rounds N] [--leaks N] [--languages] [--json]
 *
 * Each program is started by the sandbox (from request to judgement), under bare `bwrap`, and as a plain subprocess with
 * a timeout, in turn within every round: the ratios are medians over the rounds, so that a busy machine is busy for
 * all three. `--leaks N` judges N programs more and counts what they left; `--languages` adds a table of all languages:
 * hello world, and a generated function with its cases where the generator writes the language.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Effect } from "effect";
import { generateTyped, judgeRequest, typedLanguages } from "../ts/data/mod.ts";
import { type JudgeRequest, languages, Sandbox } from "../ts/sandbox/mod.ts";
import { leakReport } from "./sandbox_leaks.ts";

const { values: flags } = parseArgs({
  options: {
    runs: { type: "string", default: "60" },
    rounds: { type: "string", default: "5" },
    leaks: { type: "string", default: "0" },
    languages: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const runs = Number(flags.runs);
const rounds = Number(flags.rounds);
const at_once = availableParallelism();

const sum = `#include <iostream>
int main() { long n, t = 0; while (std::cin >> n) t += n; std::cout << t << std::endl; return 0; }
`;

interface Program {
  readonly name: string;
  readonly language: string;
  readonly code: string;
  readonly stdin: string;
  readonly stdout: string;
  /** The command that the peers start; the program's file is put for the last word. */
  readonly argv: readonly string[];
  readonly file: string;
  readonly build?: readonly string[];
  /** Tests of one request; each is one start of the program. */
  readonly tests: number;
}

const programs: readonly Program[] = [
  {
    name: "Lua, hello",
    language: "lua",
    code: 'print("hello")\n',
    stdin: "",
    stdout: "hello",
    argv: ["lua5.4"],
    file: "main.lua",
    tests: 1,
  },
  {
    name: "Python, hello",
    language: "python",
    code: 'print("hello")\n',
    stdin: "",
    stdout: "hello",
    argv: ["/usr/bin/python3", "-B", "-X", "utf8"],
    file: "main.py",
    tests: 1,
  },
  {
    name: `C++, one build and ${runs} tests`,
    language: "cpp",
    code: sum,
    stdin: "1 2 3",
    stdout: "6",
    argv: [],
    file: "program",
    build: ["g++", "-O0", "-w", "-std=gnu++17", "-pipe"],
    tests: runs,
  },
];

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN;

const folder = mkdtempSync(`${tmpdir()}/calque-bench-`);
// Programs run as nobody where this runs as root; and other sandboxes of this machine are not counted here.
chmodSync(folder, 0o777);
process.env["TMPDIR"] = folder;

class Peers {
  readonly #child: ChildProcessWithoutNullStreams = spawn("python3", [
    fileURLToPath(new URL("peers/sandbox.py", import.meta.url)),
  ]);
  readonly #lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();

  async time(
    kind: "bwrap" | "subprocess",
    program: Program,
    runs: number,
    at_once: number,
  ): Promise<{ readonly seconds: number; readonly median_ms: number }> {
    const { stdin } = program;
    const argv = [...program.argv, `${folder}/${program.file}`];
    this.#child.stdin.write(JSON.stringify({ kind, argv, stdin, runs, at_once, folder }) + "\n");
    const { value } = await this.#lines.next();
    if (value === undefined) {
      throw new Error("bench/peers/sandbox.py ended; does bwrap start here?");
    }
    return JSON.parse(value);
  }

  close() {
    this.#child.stdin.end();
  }
}

interface Round {
  readonly sandbox_per_s: number;
  readonly bwrap_per_s: number;
  readonly subprocess_per_s: number;
  /** Beyond bare bubblewrap's own, one after the other; null where a request is many starts. */
  readonly overhead_ms: number | null;
}

const measure = Effect.fnUntraced(function* (
  sandbox: Sandbox["Service"],
  peers: Peers,
  program: Program,
) {
  const { language, code, stdin, stdout, tests } = program;
  const request: JudgeRequest = {
    language,
    code,
    tests: Array.from({ length: tests }, () => ({ stdin, stdout })),
  };
  const judge = Effect.map(sandbox.judge(request), (judgement) => {
    if (judgement.verdict !== "pass") throw new Error(JSON.stringify(judgement).slice(0, 2000));
  });
  yield* judge;
  const requests = Math.max(1, Math.round(runs / tests));
  const peer = (kind: "bwrap" | "subprocess", at_once: number) =>
    Effect.promise(() => peers.time(kind, program, runs, at_once));
  const found: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const all = Array.from({ length: requests }, () => judge);
    const sandbox_ms = yield* timed(Effect.all(all, { concurrency: at_once * 2 }));
    const bwrap = yield* peer("bwrap", at_once);
    const subprocess = yield* peer("subprocess", at_once);
    let overhead_ms: number | null = null;
    if (tests === 1) {
      const alone = yield* Effect.forEach(Array.from({ length: runs }), () => timed(judge));
      overhead_ms = median(alone) - (yield* peer("bwrap", 1)).median_ms;
    }
    found.push({
      sandbox_per_s: (requests * tests * 1000) / sandbox_ms,
      bwrap_per_s: runs / bwrap.seconds,
      subprocess_per_s: runs / subprocess.seconds,
      overhead_ms,
    });
  }
  const overheads = found.flatMap(({ overhead_ms }) => overhead_ms === null ? [] : [overhead_ms]);
  return {
    program: program.name,
    sandbox_per_s: median(found.map((each) => each.sandbox_per_s)),
    bwrap_per_s: median(found.map((each) => each.bwrap_per_s)),
    subprocess_per_s: median(found.map((each) => each.subprocess_per_s)),
    of_bwrap: median(found.map((each) => each.sandbox_per_s / each.bwrap_per_s)),
    of_subprocess: median(found.map((each) => each.sandbox_per_s / each.subprocess_per_s)),
    overhead_ms: overheads.length === 0 ? null : median(overheads),
  };
});

/** Milliseconds that something takes. */
const timed = Effect.fnUntraced(function* (work: Effect.Effect<unknown>) {
  const started = performance.now();
  yield* work;
  return performance.now() - started;
});

/** By language: median of one function with its cases, one after the other, milliseconds. */
const functionsMs = Effect.fnUntraced(function* (sandbox: Sandbox["Service"]) {
  const present = yield* Effect.filter(typedLanguages, (name) => sandbox.available(name));
  const { tasks, programs } = yield* generateTyped({
    seed: 0,
    families: 20,
    levels: [2],
    languages: present,
    out: `${folder}/functions`,
  });
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const found = new Map<string, number>();
  for (const language of present) {
    const own = programs.filter((program) => program.verified && program.language === language);
    const times = yield* Effect.forEach(
      own,
      ({ task, code }) => timed(sandbox.judge(judgeRequest(byId.get(task)!, language, code))),
    );
    found.set(language, median(times));
  }
  return found;
});

const bench = Effect.gen(function* () {
  const sandbox = yield* Sandbox;
  const peers = yield* Effect.acquireRelease(
    Effect.sync(() => new Peers()),
    (peers) => Effect.sync(() => peers.close()),
  );
  const rows = [];
  for (const program of programs) {
    if (!(yield* sandbox.available(program.language))) continue;
    writeFileSync(`${folder}/source.cpp`, program.code);
    if (program.build === undefined) writeFileSync(`${folder}/${program.file}`, program.code);
    else {
      const [command = "", ...rest] = program.build;
      execFileSync(command, [...rest, "-o", `${folder}/${program.file}`, `${folder}/source.cpp`]);
    }
    rows.push(yield* measure(sandbox, peers, program));
  }
  const leaks = Number(flags.leaks) > 0
    ? yield* leakReport(sandbox, Number(flags.leaks))
    : undefined;
  const functions = flags.languages ? yield* functionsMs(sandbox) : undefined;
  const table = flags.languages
    ? (yield* sandbox.languages).map(({ language, version, available, hello_ms }) => ({
      language,
      version,
      available,
      hello_ms,
      function_ms: functions?.get(language) ?? null,
      allowance: languages.get(language)?.allowance ?? {},
    }))
    : undefined;
  return { runs, rounds, processors: at_once, rows, leaks, languages: table };
});

/** Problems a second with all their tests, on 128 cores: what others have published. */
const published = { "SandboxFusion": 14.9, "ScaleBox": 39.3 };

try {
  const result = await Effect.runPromise(
    Effect.scoped(bench).pipe(Effect.provide(Sandbox.layer({ concurrency: at_once }))),
  );
  if (flags.json) process.stdout.write(JSON.stringify({ ...result, published }) + "\n");
  else {
    const cell = (value: number | null, digits = 1) => (value?.toFixed(digits) ?? "").padStart(11);
    const lines = [
      `${result.processors} processors; medians of ${rounds} rounds of ${runs} starts`,
      `${
        "starts a second".padEnd(34)
      }    sandbox  bare bwrap  subprocess   of bwrap  of subpr.  overhead, ms`,
      ...result.rows.map((row) =>
        row.program.padEnd(34) + cell(row.sandbox_per_s) + cell(row.bwrap_per_s) +
        cell(row.subprocess_per_s) + cell(row.of_bwrap, 2) + cell(row.of_subprocess, 2) +
        cell(row.overhead_ms, 2)
      ),
      `published, problems a second on 128 cores: ${
        Object.entries(published).map(([name, value]) => `${name} ${value}`).join(", ")
      }`,
      ...(result.leaks?.lines ?? []),
      ...(result.languages === undefined
        ? []
        : ["language".padEnd(30) + "  hello, ms  a function, ms"]),
      ...(result.languages ?? []).map(({ language, version, hello_ms, function_ms }) =>
        language.padEnd(14) + (version ?? "not installed").padEnd(16) + cell(hello_ms) +
        cell(function_ms).padStart(15)
      ),
    ];
    process.stdout.write(lines.join("\n") + "\n");
    if (result.leaks?.clean === false) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
