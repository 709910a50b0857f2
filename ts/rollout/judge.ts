import { Effect } from "effect";
import { createHash } from "node:crypto";
import process from "node:process";
import { judgeRequest, type Task } from "../data/mod.ts";
import { type Judgement, type JudgeRequest, Sandbox } from "../sandbox/mod.ts";

/** Judges a program against a task's tests. */
export type Judge = (
  task: Task,
  language: string,
  code: string,
) => Effect.Effect<Judgement, never, Sandbox>;

/** Whoever runs programs: never fails, as its own faults are a verdict. */
export type Ask = (request: JudgeRequest) => Effect.Effect<Judgement, never, Sandbox>;

export const locally: Ask = (request) => Sandbox.use((sandbox) => sandbox.judge(request));

/**
 * A `calque serve` on another machine: `POST URL/api/judge`, with the token of `CALQUE_TOKEN`. What the
 * network or the server spoils is an infrastructure error, of which the message is told.
 */
export const remoteSandbox = (url: string, token = process.env["CALQUE_TOKEN"]): Ask => {
  const address = `${url.replace(/\/+$/, "")}/api/judge`;
  const headers = {
    "content-type": "application/json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return (request) =>
    Effect.promise(async (signal): Promise<Judgement> => {
      try {
        const body = JSON.stringify(request);
        const response = await fetch(address, { method: "POST", headers, body, signal });
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        const answer = await response.json();
        if (typeof answer?.verdict !== "string") throw new Error("the answer is no judgement");
        return answer;
      } catch (error) {
        const message = `${address}: ${(error as Error).message}`;
        return { verdict: "infrastructure", tests: [], compile: { ok: false, message } };
      }
    });
};

/** Judgements that are remembered. */
const REMEMBERED = 100_000;

/**
 * A judge that remembers: a program is not run again on the same tests, as verdicts are functions of
 * both. Infrastructure errors say nothing of it: retried once, never remembered.
 */
export const rememberingJudge = (ask: Ask = locally): Judge => {
  const known = new Map<string, Judgement>();
  return Effect.fnUntraced(function* (task, language, code) {
    const request = judgeRequest(task, language, code);
    const key = createHash("sha256").update(JSON.stringify(request)).digest("base64");
    const before = known.get(key);
    if (before !== undefined) return before;
    const first = yield* ask(request);
    const judgement = first.verdict === "infrastructure" ? yield* ask(request) : first;
    if (judgement.verdict === "infrastructure") return judgement;
    known.set(key, judgement);
    if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
    return judgement;
  });
};

/** What a completion that was cut off gets: it is not run, and it is the program's own fault. */
export const unfinished: Judgement = {
  verdict: "wrong-answer",
  tests: [],
  compile: { ok: false, message: "the completion was cut off at the limit of tokens" },
};
