import { Effect } from "effect";
import { availableParallelism } from "node:os";
import { readPrograms, readTasks } from "../../../ts/data/mod.ts";
import { evaluate, infrastructureRate, scoreTable, verdictMix } from "../../../ts/evaluate/mod.ts";
import { Problems, rememberingJudge } from "../../../ts/rollout/mod.ts";
import { Sandbox } from "../../../ts/sandbox/mod.ts";
import { scopedEngine } from "../../tools/engine.ts";
import { openTokenizer } from "../../tools/tokenizer.ts";
import { UserError } from "../../tools/mod.ts";
import { printJson, writeOut } from "../output.ts";
import { progressLine } from "../progress.ts";
import { promptsOf } from "./prompts.ts";
import { stopTokens } from "./stop.ts";

export interface EvaluateFlags {
  readonly model: string;
  readonly adapter: string | undefined;
  readonly tasks: string;
  readonly kind: "translation" | "generation";
  readonly sources: readonly string[] | undefined;
  readonly targets: readonly string[] | undefined;
  readonly split: "held-out" | "train" | "all";
  readonly problems: number;
  readonly samples: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly prompts: string | undefined;
  readonly seed: number;
  readonly json: boolean;
}

/** Asks, judges, and prints a score or its table. */
export const evaluateModel = Effect.fnUntraced(function* (flags: EvaluateFlags) {
  const { model, adapter, kind, split, temperature, maxTokens, seed } = flags;
  const prompts = yield* promptsOf(model, flags.prompts);
  const tasks = (yield* readTasks(flags.tasks))
    .filter((task) => split === "all" || task.split === split);
  const programs = yield* readPrograms(flags.tasks);
  const languages = [...new Set(programs.map(({ language }) => language))].sort();
  const asked = new Problems(tasks, programs, {
    kind,
    sources: flags.sources ?? languages,
    targets: flags.targets ?? languages,
    prompts,
  });
  const problems = asked.spread(flags.problems);
  if (problems.length === 0) {
    const message = `${flags.tasks}: no task of split "${split}" can be asked for ${kind}; ` +
      "expected verified programs in the source languages and tests in the target languages";
    return yield* new UserError({ code: "bad-data", message });
  }
  const tokenizer = yield* openTokenizer(model);
  const longest = Math.max(...problems.map(({ prompt }) => tokenizer.encode(prompt).length));
  const engine = yield* scopedEngine({
    model,
    ...(adapter === undefined ? {} : { adapter }),
    train: false,
    tokens_per_pass: Math.max(1024, longest),
    context: longest + maxTokens,
    slots: 64,
  });
  const report = progressLine("samples judged");
  const { samples, score } = yield* evaluate(engine, tokenizer, problems, {
    samples: flags.samples,
    max_tokens: maxTokens,
    temperature,
    seed,
    stop: yield* stopTokens(engine, tokenizer, prompts),
    extract: prompts.extract,
    judge: rememberingJudge(),
    concurrency: availableParallelism(),
    onProgress: (doing, done, of) => doing === "judging" && report(done, of),
  }).pipe(Effect.provide(Sandbox.layer()));
  if (flags.json) {
    return yield* printJson({
      ...score,
      temperature,
      verdicts: verdictMix(samples),
      infrastructure_rate: infrastructureRate(samples),
    });
  }
  yield* writeOut(scoreTable(samples, seed) + "\n");
}, Effect.scoped);
