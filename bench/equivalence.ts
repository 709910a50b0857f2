/**
 * The IR-equivalence checker in WebAssembly against Alive2's own cases, one thread: what is decided, by class, and what it costs.
 *
 *     just bench equivalence [--list] [--json] [--only PART-OF-ID]
 *
 * A verdict is wrong if it proves a case that is marked incorrect or refutes one that is marked correct. Alive2 counts a solver's
 * time-out as a pass, so a marker can be wrong too: such cases are argued in `equivalence/argued.ts`.
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { sharedFolder } from "../ts/shared.ts";
import { Check, check, type Verdict } from "../ts/wasm/mod.ts";
import { ARGUED } from "./equivalence/argued.ts";
import { type Case, type Class, CLASSES, readCases } from "./equivalence/cases.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});

interface Row {
  readonly case: Case;
  readonly verdict: Verdict;
  readonly wrong: boolean;
  readonly ms: number;
  /** The longest time that a caller who steps through the check is kept waiting. */
  readonly piece_ms: number;
}

interface Summary {
  readonly cases: number;
  readonly proved: number;
  readonly refuted: number;
  readonly unknown: Readonly<Record<string, number>>;
  readonly wrong: number;
  readonly decided_percent: number;
  readonly median_ms: number;
  readonly worst_ms: number;
}

const run = (one: Case): Row => {
  using running = new Check(one.source, one.target, { unroll: one.unroll });
  let verdict: Verdict | undefined;
  let [ms, piece_ms] = [0, 0];
  while (verdict === undefined) {
    const start = performance.now();
    verdict = running.step();
    const piece = performance.now() - start;
    [ms, piece_ms] = [ms + piece, Math.max(piece_ms, piece)];
  }
  const contradicts = (verdict.verdict === "proved" && one.marker === "incorrect") ||
    (verdict.verdict === "refuted" && one.marker === "correct");
  return { case: one, verdict, wrong: contradicts && !ARGUED.has(one.id), ms, piece_ms };
};

const summary = (rows: readonly Row[]): Summary => {
  const count = (decision: string) => rows.filter((r) => r.verdict.verdict === decision).length;
  const unknown: Record<string, number> = {};
  for (const { verdict } of rows) {
    if (verdict.verdict !== "unknown") continue;
    const reason = verdict.reason ?? "none";
    unknown[reason] = (unknown[reason] ?? 0) + 1;
  }
  const times = rows.map((r) => r.ms).sort((a, b) => a - b);
  const [proved, refuted] = [count("proved"), count("refuted")];
  return {
    cases: rows.length,
    proved,
    refuted,
    unknown,
    wrong: rows.filter((r) => r.wrong).length,
    decided_percent: 100 * (proved + refuted) / Math.max(1, rows.length),
    median_ms: times[times.length >> 1] ?? 0,
    worst_ms: times.at(-1) ?? 0,
  };
};

const within = (...classes: Class[]) => (row: Row) => classes.includes(row.case.class);

const print = (name: string, s: Summary): void => {
  const reasons = Object.entries(s.unknown).sort((a, b) => b[1] - a[1]);
  console.log(
    [
      name.padEnd(22),
      String(s.cases).padStart(5),
      String(s.proved).padStart(6),
      String(s.refuted).padStart(7),
      String(s.wrong).padStart(5),
      `${s.decided_percent.toFixed(1)} %`.padStart(8),
      s.median_ms.toFixed(1).padStart(9),
      s.worst_ms.toFixed(0).padStart(8),
      ` ${reasons.map(([reason, n]) => `${reason} ${n}`).join(", ")}`,
    ].join(" "),
  );
};

const folder = sharedFolder("data");
const file = `${folder}/alive2/cases.jsonl.gz`;
if (folder === undefined || !existsSync(file)) {
  console.warn(`SKIPPED: ${file} is absent`);
  process.exit(0);
}
const cases = (await readCases(file)).filter((c) => c.id.includes(values.only));
// The first check pays for the module's compilation; its time says nothing about the case.
check("define void @f() { ret void }", "define void @f() { ret void }");
let peak_mb = 0;
const rows = cases.map((one) => {
  const row = run(one);
  peak_mb = Math.max(peak_mb, process.memoryUsage().rss / 1e6);
  return row;
});

const totals: Readonly<Record<string, Summary>> = {
  "integer, loop-free": summary(rows.filter(within("integer scalar", "integer vector"))),
  "portable": summary(rows.filter((r) => !within("assembly", "x86 intrinsics")(r))),
  "all": summary(rows),
};
const longest = rows.reduce((a, b) => b.piece_ms > a.piece_ms ? b : a);
const read = rows.filter((r) => r.verdict.reason !== "parse-error").length;

if (values.json) {
  console.log(JSON.stringify({
    parsed_percent: 100 * read / Math.max(1, rows.length),
    peak_mb,
    longest_piece: { ms: longest.piece_ms, id: longest.case.id },
    classes: Object.fromEntries(CLASSES.map((c) => [c, summary(rows.filter(within(c)))])),
    totals,
    cases: rows.map((r) => ({
      id: r.case.id,
      class: r.case.class,
      marker: r.case.marker,
      wrong: r.wrong,
      ms: r.ms,
      verdict: r.verdict,
    })),
  }));
} else {
  if (values.list) {
    for (const { case: one, verdict, wrong, ms } of rows) {
      console.log(
        [
          one.id,
          one.class,
          one.marker,
          verdict.verdict + (wrong ? " WRONG" : ""),
          verdict.method ?? verdict.reason ?? "",
          `${ms.toFixed(1)} ms`,
          (verdict.detail ?? "").replaceAll("\n", " "),
        ].join("\t"),
      );
    }
  }
  console.log(
    "class                  cases proved refuted wrong  decided median ms worst ms  unknown",
  );
  for (const name of CLASSES) print(name, summary(rows.filter(within(name))));
  for (const [name, total] of Object.entries(totals)) print(name, total);
  console.log(
    `parsed ${read} of ${rows.length}; peak memory of the process ${peak_mb.toFixed(0)} MB; ` +
      `longest piece of a check ${longest.piece_ms.toFixed(0)} ms (${longest.case.id})`,
  );
  for (const { case: one, verdict } of rows.filter((r) => r.wrong)) {
    console.log(`WRONG ${one.id}: ${one.error ?? "correct"}; ${JSON.stringify(verdict)}`);
  }
}
process.exitCode = rows.some((r) => r.wrong) ? 1 : 0;
