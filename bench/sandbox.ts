/**
 * Milliseconds per judged program and language, and programs per second with all processors busy.
 *
 *   deno run -A bench/sandbox.ts [--json] [--runs N]
 *
 * `hello` is a program of one line judged by its output; `calls` is a function called with eight cases; both from
 * the request to the judgement, building included. `bare` is `bwrap` starting `true` with nothing around it.
 */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { Effect } from "effect";
import { languages, Sandbox } from "../ts/sandbox/mod.ts";

/** A function that adds its two arguments. */
const adders: Readonly<Record<string, string>> = {
  python: "def add(a, b): return a + b",
  javascript: "function add(a, b) { return a + b; }",
  typescript: "function add(a: number, b: number): number { return a + b; }",
  c: "int add(int a, int b) { return a + b; }",
  cpp: "int add(int a, int b) { return a + b; }",
  php: "<?php function add($a, $b) { return $a + $b; }",
  ruby: "def add(a, b) = a + b",
  lua: "function add(a, b) return a + b end",
  perl: "sub add { $_[0] + $_[1] }",
  bash: "add() { echo $(($1 + $2)); }",
};

interface Row {
  readonly language: string;
  readonly hello_ms: number;
  readonly calls_ms: number | null;
  readonly calls_per_s: number | null;
}

const { values: flags } = parseArgs({
  options: { json: { type: "boolean", default: false }, runs: { type: "string", default: "20" } },
});
const runs = Number(flags.runs);

const median = (times: readonly number[]) =>
  [...times].sort((a, b) => a - b)[times.length >> 1] ?? NaN;

const bareMs = () => {
  const times = Array.from({ length: runs }, () => {
    const started = performance.now();
    spawnSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "/bin/true"]);
    return performance.now() - started;
  });
  return median(times);
};

const measure = Effect.gen(function* () {
  const sandbox = yield* Sandbox;
  const timed = Effect.fnUntraced(function* (request: Parameters<typeof sandbox.judge>[0]) {
    const started = performance.now();
    const judgement = yield* sandbox.judge(request);
    if (judgement.verdict !== "pass") throw new Error(JSON.stringify(judgement));
    return performance.now() - started;
  });
  const rows: Row[] = [];
  for (const { language, available } of yield* sandbox.languages) {
    if (!available) continue;
    const hello = languages.get(language)?.hello ?? "";
    const helloTimes = yield* Effect.forEach(
      Array.from({ length: runs }),
      () => timed({ language, code: hello, tests: [{ stdout: "hello" }] }),
    );
    const code = adders[language];
    const request = code === undefined ? undefined : {
      language,
      code,
      function: "add",
      cases: Array.from({ length: 8 }, (_, n) => ({ arguments: [n, 40], result: n + 40 })),
    };
    const callTimes = request === undefined
      ? undefined
      : yield* Effect.forEach(Array.from({ length: runs }), () => timed(request));
    const started = performance.now();
    if (request !== undefined) {
      yield* Effect.forEach(Array.from({ length: runs * 2 }), () => timed(request), {
        concurrency: availableParallelism(),
      });
    }
    const seconds = (performance.now() - started) / 1000;
    rows.push({
      language,
      hello_ms: median(helloTimes),
      calls_ms: callTimes === undefined ? null : median(callTimes),
      calls_per_s: request === undefined ? null : runs * 2 / seconds,
    });
  }
  return rows;
});

const bare_ms = bareMs();
const rows = await Effect.runPromise(measure.pipe(Effect.provide(Sandbox.layer())));
if (flags.json) {
  process.stdout.write(
    JSON.stringify({ runs, processors: availableParallelism(), bare_ms, languages: rows }) + "\n",
  );
} else {
  const cell = (value: number | null) => (value === null ? "" : value.toFixed(1)).padStart(10);
  const lines = [
    `bare bwrap: ${
      bare_ms.toFixed(1)
    } ms; ${availableParallelism()} processors; medians of ${runs}`,
    `${"language".padEnd(12)}${"hello, ms".padStart(10)}${"calls, ms".padStart(10)}${
      "calls/s".padStart(10)
    }`,
    ...rows.map((row) =>
      row.language.padEnd(12) + cell(row.hello_ms) + cell(row.calls_ms) + cell(row.calls_per_s)
    ),
  ];
  process.stdout.write(lines.join("\n") + "\n");
}
