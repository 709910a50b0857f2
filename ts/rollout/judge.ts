import { Effect } from "effect";
import { judgeRequest, type Task } from "../data/mod.ts";
import { type Judgement, Sandbox } from "../sandbox/mod.ts";

/** Judges a program against a task's tests. */
export type Judge = (
  task: Task,
  language: string,
  code: string,
) => Effect.Effect<Judgement, never, Sandbox>;

/**
 * A judge that remembers: a program that was judged for a task is not run again, as verdicts are
 * functions of the program. Infrastructure errors say nothing of it: retried once, never remembered.
 */
export const rememberingJudge = (): Judge => {
  const known = new Map<string, Judgement>();
  return Effect.fnUntraced(function* (task, language, code) {
    const key = JSON.stringify([language, task.id, code]);
    const before = known.get(key);
    if (before !== undefined) return before;
    const sandbox = yield* Sandbox;
    const ask = sandbox.judge(judgeRequest(task, language, code));
    const first = yield* ask;
    const judgement = first.verdict === "infrastructure" ? yield* ask : first;
    if (judgement.verdict !== "infrastructure") known.set(key, judgement);
    return judgement;
  });
};

/** What a completion that was cut off gets: it is not run, and it is the program's own fault. */
export const unfinished: Judgement = {
  verdict: "wrong-answer",
  tests: [],
  compile: { ok: false, message: "the completion was cut off at the limit of tokens" },
};
