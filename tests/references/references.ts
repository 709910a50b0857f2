/**
 * Judges the reference solutions of MBXP and HumanEval-X, and runs them under their own tools beside: the same files, the same
 * commands, no sandbox, and only the exit code counts. Writes docs/REFERENCES.md.
 *
 *   deno run -A tests/references/references.ts [--every N] [--languages a,b] [--out FILE]
 *
 * `--every N` takes every Nth reference of a language with more than a hundred; the table names the number taken.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { Effect } from "effect";
import { importFiles } from "../../ts/data/mod.ts";
import { type Judgement, type Language, languages, Sandbox, spoils } from "../../ts/sandbox/mod.ts";
import { sharedFolder } from "../../ts/shared.ts";

interface Reference {
  readonly set: string;
  readonly task: string;
  readonly language: string;
  readonly code: string;
  readonly test_program: string;
}

interface Outcome extends Reference {
  /** Absent where it needs more than its own tools: packages that only a folder the sandbox fills holds. */
  readonly own: boolean | undefined;
  /** Its own tools pass it with a spoiled expectation too: its tests say nothing of it. */
  readonly vacuous: boolean;
  readonly judgement: Judgement;
}

const { values: flags } = parseArgs({
  options: {
    every: { type: "string", default: "1" },
    languages: { type: "string" },
    out: { type: "string", default: "docs/REFERENCES.md" },
  },
});
const every = Number(flags.every);
const wanted = flags.languages?.split(",");

const readReferences = async (set: "mbxp" | "humaneval-x"): Promise<readonly Reference[]> => {
  const folder = sharedFolder(`data/${set}`);
  if (folder === undefined) return [];
  const files = (await readdir(folder)).filter((name) => name.includes(".jsonl"))
    .map((name) => join(folder, name));
  const { tasks, programs } = await importFiles(files, { format: set });
  const tests = new Map(tasks.map((task) => [task.id, task.test_program]));
  const found = programs.flatMap(({ task, language, code }) => {
    const test_program = tests.get(task)?.[language];
    return test_program === undefined || (wanted !== undefined && !wanted.includes(language))
      ? []
      : [{ set, task, language, code, test_program }];
  });
  return [...Map.groupBy(found, ({ language }) => language).values()].flatMap((group) =>
    group.length <= 100 ? group : group.filter((_, at) => at % every === 0)
  );
};

/** A command's words with the folder in the place of the sandbox's /work. */
const runPlainly = (words: readonly string[], folder: string, variables: Record<string, string>) =>
  new Promise<boolean>((resolve) => {
    const [command = "", ...rest] = words.map((word) => word.replaceAll("/work", folder));
    const child = spawn(command, rest, {
      cwd: folder,
      env: { ...process.env, ...variables },
      stdio: ["ignore", "ignore", "ignore"],
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });

/** Whether it passes under the language's own tools. */
const passesPlainly = async (
  reference: Reference,
  language: Language,
): Promise<boolean | undefined> => {
  const { code, test_program } = reference;
  const text = language.finish(
    language.join?.(code, test_program) ?? `${code}\n${test_program}`,
    "done",
  );
  const folder = await mkdtemp(join(tmpdir(), "calque-reference-"));
  try {
    await writeFile(join(folder, language.source), language.prepare?.(text) ?? text);
    for (const variant of language.variants) {
      const fill = (words: readonly string[]) =>
        words.map((word) =>
          word.replace("{source}", language.source)
            .replace(/\{(\d)\}/g, (_, at) => variant.tools[Number(at)] ?? "")
        );
      const variables = { ...variant.environment };
      if (!(await runPlainly(fill(variant.version), folder, variables))) continue;
      if (variant.compile !== undefined) {
        if (variant.prepare !== undefined) return undefined;
        if (!(await runPlainly(fill(variant.compile), folder, variables))) return false;
      }
      return await runPlainly(fill(variant.run), folder, variables);
    }
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const judgeAll = Effect.gen(function* () {
  const sandbox = yield* Sandbox;
  const references = [
    ...(yield* Effect.promise(() => readReferences("mbxp"))),
    ...(yield* Effect.promise(() => readReferences("humaneval-x"))),
  ];
  return yield* Effect.forEach(references, (reference) =>
    Effect.gen(function* () {
      const language = languages.get(reference.language);
      if (language === undefined || !(yield* sandbox.available(reference.language))) return [];
      const judgement = yield* sandbox.judge({
        language: reference.language,
        code: reference.code,
        test_program: reference.test_program,
        limits: { cpu_s: 20, memory_mb: 1024 },
      });
      const own = yield* Effect.promise(() => passesPlainly(reference, language));
      // Only of interest where the sandbox did not believe it.
      const spoiled = own && judgement.verdict !== "pass"
        ? spoils(reference.test_program, reference.language)
        : [];
      let vacuous = false;
      for (const test_program of spoiled) {
        const passes = () => passesPlainly({ ...reference, test_program }, language);
        vacuous ||= true === (yield* Effect.promise(passes));
      }
      return [{ ...reference, own, vacuous, judgement }];
    }), { concurrency: availableParallelism() });
});

const row = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;

const page = (outcomes: readonly Outcome[]): string => {
  const groups = Map.groupBy(outcomes, ({ set, language }) => `${set}\0${language}`);
  const rows = [...groups].map(([key, group]) => {
    const [set = "", language = ""] = key.split("\0");
    // Where it was not tried, all are taken to pass.
    const own = group.filter((each) => each.own !== false);
    const tried = group.some((each) => each.own !== undefined);
    const sound = own.filter((each) => !each.vacuous);
    const both = own.filter(({ judgement }) => judgement.verdict === "pass").length;
    const count = (verdict: string) =>
      group.filter(({ judgement }) => judgement.verdict === verdict).length;
    return row([
      set,
      language,
      group.length,
      tried ? own.length : "not tried",
      own.length - sound.length,
      both,
      sound.length === 0 ? "" : `${(100 * both / sound.length).toFixed(1)} %`,
      count("pass"),
      count("forbidden"),
      `${count("infrastructure")} (${(100 * count("infrastructure") / group.length).toFixed(1)} %)`,
    ]);
  });
  const rest = outcomes.filter(({ own, judgement }) =>
    own !== false && judgement.verdict !== "pass"
  );
  const why = ({ judgement }: Outcome) =>
    (judgement.tests[0]?.stderr ?? judgement.compile?.message ?? "").replaceAll("|", "\\|")
      .replace(/\s+/g, " ").trim().slice(0, 160);
  return `# Reference solutions

What the sandbox says of the reference solutions of MBXP and HumanEval-X, under the sets' own test programs. "Own tools" are
the same files under the same commands without a sandbox, where the exit code alone decides. Some references pass there
whatever is expected, for their own tools pass them with a spoiled expectation too (in PHP, \`true == 8\`): their tests say
nothing of them, here they are \`forbidden\`, and the share leaves them out. Infrastructure is the share
whose tests hold no expectation that could be spoiled: such a test cannot be trusted, and never scores.

    deno run -A tests/references/references.ts${every === 1 ? "" : ` --every ${every}`}

${
    every === 1
      ? "Every reference"
      : `Every ${every}th reference of a language that has more than a hundred`
  }; ${new Date().toISOString().slice(0, 10)}.

${
    row([
      "set",
      "language",
      "taken",
      "pass under own tools",
      "whatever is expected",
      "pass there and here",
      "share",
      "pass",
      "forbidden",
      "infrastructure",
    ])
  }
${row(["---", "---", ...Array.from({ length: 8 }, () => "---:")])}
${rows.join("\n")}

## Passed by their own tools and not here

${
    rest.length === 0 ? "None." : [
      row(["task", "language", "verdict", "why"]),
      row(["---", "---", "---", "---"]),
      ...rest.map((each) => row([each.task, each.language, each.judgement.verdict, why(each)])),
    ].join("\n")
  }
`;
};

const outcomes = (await Effect.runPromise(judgeAll.pipe(Effect.provide(Sandbox.layer())))).flat();
const text = page(outcomes);
await mkdir(dirname(flags.out), { recursive: true });
await writeFile(flags.out, text);
process.stdout.write(text);
