/**
 * The IR-equivalence checker on what clang makes of the bundled C functions: every pair of optimisation levels, which must never be
 * refuted, and edited mutants, most of which should be.
 *
 *     just bench equivalence_levels [--functions 300] [--mutants 10] [--json]
 *
 * What a level makes refines the code of `-O0`. Two optimised forms need not refine each other: they agree wherever both are defined
 * and so is the C function. A pair refuted on an input where that is undefined is counted, and is none of the wrong ones.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Effect } from "effect";
import { compileMembers, type Member } from "../ts/data/groups/members.ts";
import { edits } from "../ts/data/groups/mutants.ts";
import { undefinedInC } from "./equivalence/undefined.ts";
import { findToolchain, Random, readPrograms, readTasks } from "../ts/data/mod.ts";
import { check, stripIr, type Verdict } from "../ts/wasm/mod.ts";

const { values } = parseArgs({
  options: {
    functions: { type: "string", default: "300" },
    mutants: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
  },
});

type Question = "level refines -O0" | "levels agree" | "mutant refines";

interface Row {
  readonly proved: number;
  readonly refuted: number;
  readonly unknown: Readonly<Record<string, number>>;
  readonly worst_ms: number;
}

const rows = new Map<Question, { -readonly [K in keyof Row]: Row[K] }>();
const wrong: string[] = [];
let undefined_in_c = 0;

const ask = (question: Question, source: string, target: string): Verdict => {
  const relation = question === "levels agree" ? "agrees" : "refines";
  const start = performance.now();
  const verdict = check(source, target, { relation, assume: ["noundef-arguments"] });
  const ms = performance.now() - start;
  const row = rows.get(question) ?? { proved: 0, refuted: 0, unknown: {}, worst_ms: 0 };
  row.worst_ms = Math.max(row.worst_ms, ms);
  if (verdict.verdict === "unknown") {
    const reason = verdict.reason ?? "none";
    row.unknown = { ...row.unknown, [reason]: (row.unknown[reason] ?? 0) + 1 };
  } else row[verdict.verdict] += 1;
  rows.set(question, row);
  return verdict;
};

const folder = fileURLToPath(new URL("../assets/tasks", import.meta.url));
const tools = await findToolchain();
const [tasks, programs] = await Effect.runPromise(
  Effect.all([readTasks(folder), readPrograms(folder)]),
);
const names = new Map(tasks.map((task) => [task.id, task.signature.name]));
const random = new Random(5);
const seeds = random.shuffle(programs.filter((p) => p.language === "c"))
  .slice(0, Number(values.functions));

const judge = (code: string, name: string, members: readonly Member[]): void => {
  const [first, ...others] = members;
  if (first === undefined) return;
  others.forEach((member, i) => {
    const pairs: [Question, Member][] = [
      ["level refines -O0", first],
      ...others.slice(0, i).map((other): [Question, Member] => ["levels agree", other]),
    ];
    for (const [question, source] of pairs) {
      const verdict = ask(question, source.ir, member.ir);
      if (verdict.verdict !== "refuted") continue;
      if (question === "levels agree" && undefinedInC(tools.clang, code, name, verdict)) {
        undefined_in_c++;
      } else {
        wrong.push(
          `${source.level} against ${member.level}: ${
            JSON.stringify(verdict)
          }\n${source.ir}\n${member.ir}`,
        );
      }
    }
  });
  const base = members.find((member) => member.level === "-O1") ?? first;
  for (const mutant of edits(base.ir, random).slice(0, Number(values.mutants))) {
    ask("mutant refines", base.ir, mutant.ir);
  }
};

let functions = 0;
for (const [done, seed] of seeds.entries()) {
  if (done % 10 === 0) console.error(`${done}/${seeds.length} functions`);
  const name = names.get(seed.task)!;
  const members = (await compileMembers(tools, "c", seed.code, stripIr)).get(name);
  if (members === undefined) continue;
  functions++;
  judge(seed.code, name, members);
}

if (values.json) {
  console.log(
    JSON.stringify({
      functions,
      compiler: tools.version,
      rows: Object.fromEntries(rows),
      undefined_in_c,
      wrong,
    }),
  );
} else {
  console.log(`${functions} functions, ${tools.version}`);
  for (const [question, row] of rows) {
    const unknown = Object.values(row.unknown).reduce((a, b) => a + b, 0);
    const all = row.proved + row.refuted + unknown;
    const share = (n: number) => `${(100 * n / Math.max(1, all)).toFixed(1)} %`;
    console.log(
      [
        question.padEnd(18),
        `${all} pairs`,
        `proved ${share(row.proved)}`,
        `refuted ${share(row.refuted)}`,
        `unknown ${share(unknown)} ${JSON.stringify(row.unknown)}`,
        `worst ${row.worst_ms.toFixed(0)} ms`,
      ].join("  "),
    );
  }
  console.log(
    `of the refuted pairs of levels, ${undefined_in_c} on an input where the C function is undefined`,
  );
  for (const line of wrong) console.log(`REFUTED ${line}`);
}
process.exitCode = wrong.length > 0 ? 1 : 0;
