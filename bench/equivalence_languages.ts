/**
 * One function in two languages: C against Rust, and against D where ldc2 is there, compared with `agrees` by a signature.
 *
 *     just bench equivalence_languages [--functions 150] [--seed 9] [--languages rust,d] [--list] [--json]
 *
 * The functions are the typed generator's, printed in C and in Rust with 32-bit integers (the D text is the C text with slices for
 * pointers); functions of strings, maps and growing lists have no C form and are left out. rustc -O and ldc2 -O1 without vectors
 * and unrolling, but of clang -O0 with values for locals
 * (mem2reg, simplifycfg, loop-rotate): its optimiser makes of an overflow, which C leaves undefined, some defined value of its own, and then
 * the two codes differ where the C program has no meaning. Every refutation is printed whole: the sources must be read to say whether
 * it is a true difference. `--list` prints each pair as it is decided.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { findToolchain } from "../ts/data/mod.ts";
import { drawTypedTasks, printTypedPrograms, type TypedTask } from "../ts/data/typed/draw_tasks.ts";
import { check, type Verdict } from "../ts/wasm/mod.ts";

const { values } = parseArgs({
  options: {
    functions: { type: "string", default: "150" },
    seed: { type: "string", default: "9" },
    languages: { type: "string", default: "rust,d" },
    list: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const run = promisify(execFile);
const limits = { maxBuffer: 1 << 28, timeout: 300_000 } as const;

type Language = "rust" | "d";

/** The signature that all languages share, if they do. */
const signatureOf = ({ program: { main } }: TypedTask): string | undefined => {
  const names: Readonly<Record<string, string>> = {
    int: "i32",
    bool: "bool",
    "list<int>": "slice<i32>",
  };
  const parameters = main.parameters.map((p) => names[p.type]);
  const result = main.result === "list<int>" ? undefined : names[main.result];
  return parameters.includes(undefined) || result === undefined
    ? undefined
    : `${parameters.join(", ")} -> ${result}`;
};

/** A function of one name is compiled beside others: it and its helpers get a number. */
const numbered = (code: string, names: readonly string[], i: number): string =>
  names.reduce(
    (text, name) => text.replace(new RegExp(`\\b${name}\\(`, "g"), `${name}_${i}(`),
    code,
  );

const rustOf = (code: string, main: string): string =>
  code.replaceAll("i64", "i32").replace(
    new RegExp(`^fn ${main}\\(`, "m"),
    `#[no_mangle] pub fn ${main}(`,
  );

/** C's pointer and length are one parameter in D; the rest of these texts is D as it stands. */
const dOf = (code: string): string =>
  code
    .replace(/^#include.*\n/gm, "")
    .replace(/const int \*(\w+), int \w+_len/g, "const(int)[] $1")
    .replace(/\b(\w+)_len\b/g, "(cast(int) $1.length)")
    .replace(/^(int|bool) /gm, "extern(C) $1 ");

const folder = await mkdtemp(join(tmpdir(), "calque-languages-"));
const compile = async (command: string, args: readonly string[], name: string, text: string) => {
  const [source, out] = [join(folder, name), join(folder, `${name}.ll`)];
  await writeFile(source, text);
  await run(command, [...args.map((a) => a.replace("OUT", out)), source], limits);
  return await readFile(out, "utf8");
};

const version = async (command: string): Promise<string | undefined> => {
  try {
    return (await run(command, ["--version"], limits)).stdout.split("\n")[0];
  } catch {
    console.warn(`SKIPPED: ${command} is not on PATH`);
    return undefined;
  }
};

interface Row {
  readonly language: Language;
  readonly task: string;
  readonly signature: string;
  readonly verdict: Verdict;
  readonly ms: number;
}

const tools = await findToolchain();
const asked = (language: Language) => values.languages.split(",").includes(language);
const rustc = asked("rust") ? await version("rustc") : undefined;
const ldc = asked("d") ? await version("ldc2") : undefined;
const seed = Number(values.seed);
const wanted = drawTypedTasks({ seed, families: 4 * Number(values.functions) })
  .flatMap((task) => {
    const signature = signatureOf(task);
    const [c, rust] = printTypedPrograms([task], ["c", "rust"]);
    return signature === undefined || c?.language !== "c" || rust?.language !== "rust"
      ? []
      : [{ task, signature, c: c.code, rust: rust.code }];
  })
  // The generator gives level after level; an even sample holds all of them.
  .filter((_, i, all) => i * Number(values.functions) % all.length < Number(values.functions));

const names = (task: TypedTask) => [...task.program.helpers, task.program.main].map((f) => f.name);
const text = (of: (one: typeof wanted[number]) => string) =>
  wanted.map((one, i) => numbered(of(one), names(one.task), i)).join("\n");

const includes = "#include <stdbool.h>\n";
const raw = await compile(
  tools.clang,
  ["-std=c11", "-O0", "-Xclang", "-disable-O0-optnone", "-S", "-emit-llvm", "-o", "OUT"],
  "f.c",
  includes + text((one) => one.c).replaceAll(includes, ""),
);
// Locals become values and loops are turned to the form that optimisers give them; arithmetic stays as it was written.
const c = await compile(
  tools.opt,
  ["-S", "-passes=mem2reg,simplifycfg,loop(loop-rotate)", "-o", "OUT"],
  "c.ll",
  raw,
);
const others = new Map<Language, string>();
if (rustc !== undefined) {
  const flags = [
    "-C",
    "no-vectorize-loops",
    "-C",
    "no-vectorize-slp",
    "-C",
    "llvm-args=-unroll-threshold=0 -unroll-runtime=false",
  ];
  others.set(
    "rust",
    await compile(
      "rustc",
      [
        "--edition",
        "2021",
        "--crate-type",
        "lib",
        "-A",
        "warnings",
        "-O",
        ...flags,
        "--emit",
        "llvm-ir",
        "-o",
        "OUT",
      ],
      "f.rs",
      // Numbers first: the names are looked for with their bracket.
      wanted.map((one, i) => {
        const main = one.task.program.main.name;
        return numbered(rustOf(one.rust, main), names(one.task), i);
      }).join("\n"),
    ),
  );
}
if (ldc !== undefined) {
  others.set(
    "d",
    await compile(
      "ldc2",
      [
        "-O1",
        "--disable-loop-unrolling",
        "--disable-loop-vectorization",
        "--output-ll",
        "-c",
        "-of=OUT",
      ],
      "f.d",
      text((one) => dOf(one.c)),
    ),
  );
}
await rm(folder, { recursive: true });

// The first check pays for the module's compilation.
check("define void @f() { ret void }", "define void @f() { ret void }");
const rows: Row[] = [];
const refuted: string[] = [];
for (const [i, one] of wanted.entries()) {
  const name = `${one.task.program.main.name}_${i}`;
  for (const [language, module] of others) {
    const start = performance.now();
    const verdict = check(c, module, {
      function: name,
      relation: "agrees",
      signature: one.signature,
    });
    const ms = performance.now() - start;
    rows.push({ language, task: one.task.task.id, signature: one.signature, verdict, ms });
    if (values.list && !values.json) {
      const how = verdict.method ?? verdict.reason;
      const cells = [language, one.task.task.id, one.signature, verdict.verdict, how];
      console.log([...cells, verdict.detail ?? "", `${ms.toFixed(1)} ms`].join("\t"));
    }
    if (verdict.verdict === "refuted") {
      const code = language === "rust" ? one.rust : dOf(one.c);
      refuted.push([JSON.stringify(verdict), one.c, code].join("\n"));
    }
  }
}

const reasons = (list: readonly Row[]): Readonly<Record<string, number>> => {
  const out: Record<string, number> = {};
  for (const { verdict: { reason } } of list) {
    if (reason !== undefined) out[reason] = (out[reason] ?? 0) + 1;
  }
  return out;
};

if (values.json) {
  console.log(JSON.stringify({ c: tools.version, rustc, ldc, rows, refuted }));
} else {
  console.log(
    `${wanted.length} functions; ${tools.version}, ${rustc ?? "no rustc"}, ${ldc ?? "no ldc2"}`,
  );
  const kinds: readonly [string, (row: Row) => boolean][] = [
    ["scalars", (r) => !r.signature.includes("slice")],
    ["slices", (r) => r.signature.includes("slice")],
    ["all", () => true],
  ];
  for (const language of others.keys()) {
    for (const [kind, holds] of kinds) {
      const list = rows.filter((r) => r.language === language && holds(r));
      const count = (verdict: string) => list.filter((r) => r.verdict.verdict === verdict).length;
      const share = (n: number) => `${n} (${(100 * n / Math.max(1, list.length)).toFixed(1)} %)`;
      const times = list.map((r) => r.ms).sort((a, b) => a - b);
      console.log(
        [
          `C against ${language}`.padEnd(16),
          kind.padEnd(8),
          `${list.length} pairs`,
          `proved ${share(count("proved"))}`,
          `refuted ${share(count("refuted"))}`,
          `unknown ${share(count("unknown"))} ${JSON.stringify(reasons(list))}`,
          `median ${(times[times.length >> 1] ?? 0).toFixed(1)} ms`,
          `worst ${(times.at(-1) ?? 0).toFixed(0)} ms`,
        ].join("  "),
      );
    }
  }
  for (const one of refuted) console.log(`REFUTED ${one}`);
}
