import { Effect } from "effect";
import { randomBytes } from "node:crypto";
import { compileFailure, evidenceOf, failureOf, round } from "./evidence.ts";
import type { Json, Looseness } from "./json.ts";
import { parseJson, sameJson } from "./json.ts";
import { excerpt, type Judgement, judgementOf, type TestJudgement } from "./judgement.ts";
import { resolveLimits } from "./limits.ts";
import type { JudgeRequest } from "./request.ts";
import { isFault, type Program, type Run, type Runner } from "./runner.ts";
import type { SpecialJudge } from "./special_judge.ts";

/**
 * A function called with the arguments of every case in one process, and its results compared here: what is
 * expected never comes near the program. A case that ends the process (or meets a limit) has that verdict, and the cases
 * behind it are called in a new one.
 */
export const judgeCalls = Effect.fnUntraced(function* (
  runner: Runner,
  program: Program,
  request: JudgeRequest,
  special: SpecialJudge | undefined,
) {
  const { language } = program.toolchain;
  const cases = request.cases ?? [];
  const limits = resolveLimits(request.limits);
  const leniency = leniencyOf(request.compare);
  const judged: TestJudgement[] = [];
  if (language.call === undefined) {
    return judgementOf([
      plain("infrastructure", `functions of ${language.name} cannot be called here yet`),
    ]);
  }
  const all = cases.map((each) => each.arguments);
  let compile: Judgement["compile"];
  while (judged.length < cases.length) {
    const first = judged.length;
    const mark = randomBytes(12).toString("hex");
    const called = language.call({
      code: request.code,
      name: request.function ?? "",
      cases: all.slice(first),
      all,
      mark,
      first,
    });
    if (called.refused !== undefined) {
      return judgementOf([plain("compile-error", called.refused)], {
        ok: false,
        message: called.refused,
      });
    }
    const built = yield* runner.build(program, called.files);
    if (built !== undefined) {
      const failure = compileFailure(built, language);
      if (failure !== undefined) return failure;
      compile = { ok: true, message: "" };
    }
    const run = yield* runner.run(program, {
      limits,
      mark,
      cases: cases.length - first,
      ...(called.stdin === undefined ? {} : { stdin: called.stdin }),
    });
    const { ready, answers } = read(run, mark);
    const times = timesOf(run);
    for (let at = first; at < cases.length; at++) {
      const answer = answers.get(at);
      if (answer === undefined) break;
      const case_ = cases[at] as typeof cases[number];
      const found = compared(
        answer,
        case_.result,
        { ...language.loose, ...leniency },
        times[at - first + 1],
        run,
      );
      if (special === undefined || !("value" in answer)) judged.push(found);
      else {
        const { value: output } = answer;
        const { arguments: input, result: expected } = case_;
        judged.push({ ...found, ...yield* special({ input, output, expected }) });
      }
      if (request.stop_at_first && judged.at(-1)?.verdict !== "pass") {
        return judgementOf(judged, compile);
      }
    }
    if (judged.length === cases.length) break;
    // The process ended before this case was answered; a clean exit is no answer.
    const failure = failureOf(run, language) ?? "runtime-error";
    const verdict = failure === "compile-error" && ready ? "runtime-error" : failure;
    judged.push(evidenceOf(run, verdict));
    if (request.stop_at_first || isFault(run)) break;
    // What fails before the first call fails before every other.
    if (!ready) { while (judged.length < cases.length) judged.push(evidenceOf(run, verdict)); }
  }
  return judgementOf(judged, compile);
});

/** How far results may differ beyond what the language's own values make of JSON. */
const leniencyOf = (compare: JudgeRequest["compare"]): Looseness =>
  compare === "exact"
    ? { tolerance: 0 }
    : compare === "any-order"
    ? { order: true }
    : typeof compare === "object" && "float" in compare
    ? { tolerance: compare.float }
    : {};

type Answer = { readonly value: Json } | { readonly fault: string } | { readonly unknown: string };

/** The harness's lines among whatever else the program wrote. The first line of a number counts. */
const read = (run: Run, mark: string) => {
  const answers = new Map<number, Answer>();
  let ready = false;
  if ("fault" in run) return { ready, answers };
  for (const line of run.stdout.split("\n")) {
    if (!line.startsWith(`${mark} `)) continue;
    const [, number, text] = /^\S+ (ready|\d+) ?(.*)$/s.exec(line) ?? [];
    if (number === "ready") ready = true;
    else if (number !== undefined && text !== undefined && !answers.has(Number(number))) {
      answers.set(Number(number), answerOf(text));
    }
  }
  return { ready, answers };
};

const answerOf = (text: string): Answer => {
  if (text.startsWith("!")) return { fault: text.slice(1) };
  if (text.startsWith("?")) return { unknown: text.slice(1) };
  try {
    return { value: parseJson(text) };
  } catch {
    return { unknown: text };
  }
};

type Times = { readonly cpu_ms: number; readonly wall_ms: number };

const compared = (
  answer: Answer,
  expected: Json,
  loose: Parameters<typeof sameJson>[2],
  times: Times | undefined,
  run: Run,
): TestJudgement => {
  const base = {
    cpu_ms: round(times?.cpu_ms ?? 0),
    wall_ms: round(times?.wall_ms ?? 0),
    memory_kb: "fault" in run ? 0 : run.memory_kb,
  };
  if ("fault" in answer) {
    return { verdict: "runtime-error", ...base, stderr: excerpt(answer.fault) };
  }
  if ("unknown" in answer) {
    return { verdict: "wrong-answer", ...base, stdout: excerpt(`no JSON: ${answer.unknown}`) };
  }
  const verdict = sameJson(answer.value, expected, loose) ? "pass" : "wrong-answer";
  return { verdict, ...base, stdout: excerpt(printed(answer.value)) };
};

const printed = (value: Json) => {
  try {
    return JSON.stringify(value, (_, each) => typeof each === "bigint" ? each.toString() : each);
  } catch (error) {
    return String(error);
  }
};

/**
 * The time of each mark. Marks that came together share their time. What the last mark leaves (the kernel knows the
 * whole to the microsecond, the samples know ticks) is shared by all.
 */
const timesOf = (run: Run): readonly Times[] => {
  if ("fault" in run) return [];
  const marks = run.marks.flatMap(([count, cpu_ms, wall_ms]) =>
    Array.from({ length: count }, () => ({ cpu_ms: cpu_ms / count, wall_ms: wall_ms / count }))
  );
  const rest = Math.max(0, run.cpu_ms - marks.reduce((sum, mark) => sum + mark.cpu_ms, 0));
  return marks.map((mark) => ({ ...mark, cpu_ms: mark.cpu_ms + rest / marks.length }));
};

const plain = (verdict: TestJudgement["verdict"], stderr: string): TestJudgement => ({
  verdict,
  cpu_ms: 0,
  wall_ms: 0,
  memory_kb: 0,
  stderr: excerpt(stderr),
});
