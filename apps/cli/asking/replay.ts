import { Effect } from "effect";
import { join } from "node:path";
import { readTasks } from "../../../ts/data/mod.ts";
import { renderTable } from "../../../ts/evaluate/mod.ts";
import { extract, rememberingJudge } from "../../../ts/rollout/mod.ts";
import { layout, readRows, type Run } from "../../../ts/runs/mod.ts";
import { type Judgement, Sandbox } from "../../../ts/sandbox/mod.ts";
import { readRecipe, replay, type RolloutRow, type Stage } from "../../../ts/train/mod.ts";
import { openTokenizer } from "../../tools/tokenizer.ts";
import { UserError } from "../../tools/mod.ts";

/** Finds the row, judges its program again, and computes what training made of it. */
export const replayRollout = Effect.fnUntraced(function* (run: Run, step: number, sample: number) {
  const at = layout(run.folder);
  const { stages } = yield* readRecipe(at.recipe);
  const rows = (yield* Effect.promise(() => readRows(at.rollouts))) as unknown as RolloutRow[];
  const own = rows.filter((row) => row.step === step);
  const row = own[sample];
  if (row === undefined) {
    const known = [...new Set(rows.map((each) => each.step))];
    const message = own.length === 0
      ? `run "${run.id}": no rollouts of step ${step}; expected ` +
        (known.length === 0 ? "a run that samples" : `a step of ${known[0]} to ${known.at(-1)}`)
      : `run "${run.id}": step ${step} has no sample ${sample}; expected 0 to ${own.length - 1}`;
    return yield* new UserError({ code: "bad-value", message });
  }
  const stage = stageAt(stages, step);
  const again = yield* judgeAgain(stage, row);
  const metrics = (yield* Effect.promise(() => readRows(at.metrics)))
    .find((each) => each["step"] === step) ?? {};
  const walked = row.ids === undefined
    // A run of before rows kept their tokens.
    ? undefined
    : replay(stage, own, sample);
  const tokens = walked?.tokens === undefined ? undefined : yield* spelled(run, stage, row);
  return {
    run: run.id,
    sample,
    row,
    reward_again: again.verdict === "infrastructure" ? null : again.verdict === "pass" ? 1 : 0,
    judgement_again: again,
    same_verdict: again.verdict === row.judgement.verdict,
    replay: walked ?? null,
    tokens: tokens ?? null,
    terms: termsOf(stage, metrics),
  };
});

export type Replayed = Effect.Success<ReturnType<typeof replayRollout>>;

const stageAt = (stages: readonly Stage[], step: number): Stage => {
  let last = 0;
  return stages.find(({ steps }) => (last += steps) >= step) ?? stages.at(-1)!;
};

/** The tests of the task, and the new ones of the step; nothing is remembered of the first time. */
const judgeAgain = Effect.fnUntraced(function* ({ rollout }: Stage, row: RolloutRow) {
  const tasks = yield* readTasks(rollout!.tasks);
  const task = tasks.find(({ id }) => id === row.task);
  if (task === undefined) {
    const message = `${rollout!.tasks}: no task "${row.task}"; expected the tasks of the run`;
    return yield* new UserError({ code: "bad-data", message });
  }
  if (row.truncated) return { ...row.judgement, verdict: "wrong-answer" } as Judgement;
  const judge = rememberingJudge();
  const code = row.suspect ?? extract(row.completion, rollout!.prompts.extract);
  const first = yield* judge(task, row.target, code);
  const [fresh, ...more] = row.fresh_cases ?? [];
  const judgement = first.verdict !== "pass" || fresh === undefined
    ? first
    : yield* judge({ ...task, cases: [fresh, ...more] }, row.target, code);
  if (row.suspect === undefined || judgement.verdict === "infrastructure") return judgement;
  const said = /^\s*(yes|no)\b/i.exec(row.completion)?.[1]?.toLowerCase();
  const right = said === (judgement.verdict === "pass" ? "yes" : "no");
  return { ...judgement, verdict: right ? "pass" as const : "wrong-answer" as const };
}, Effect.provide(Sandbox.layer()));

/** The text of each token, where the tokenizer of the run is still there. */
const spelled = (run: Run, stage: Stage, { ids }: RolloutRow) => {
  const folders = [
    layout(run.folder).model,
    typeof stage.model === "string" ? stage.model : stage.model.init,
    join(run.folder, "init"),
  ];
  return Effect.firstSuccessOf(folders.map((folder) => openTokenizer(folder))).pipe(
    Effect.map((tokenizer) => ids.map((id) => tokenizer.decode(Uint32Array.of(id)))),
    Effect.orElseSucceed(() => ids.map(String)),
  );
};

/** What the step's metrics say of each term of the loss, and the weight it had. */
const termsOf = (stage: Stage, metrics: Readonly<Record<string, unknown>>) => {
  const { w_rl, w_gepo, kl_loss, kl_in_reward } = stage.objective;
  const both = stage.method === "oorl";
  const of = (name: string) => metrics[name] as number | undefined;
  const terms: [string, number, string[]][] = [
    ["policy", both ? w_rl : 1, ["loss_rl", "policy_loss", "grad_norm_rl"]],
    ...(kl_loss > 0 ? [["KL (k2)", kl_loss, ["kl_loss"]] as [string, number, string[]]] : []),
    ...(kl_in_reward > 0
      ? [["KL in the reward", kl_in_reward, ["kl/k1"]] as [string, number, string[]]]
      : []),
    ...(both
      ? [[
        "GEPO",
        w_gepo,
        ["loss_gepo", "gepo/preference_loss", "gepo/winner_variance", "gepo/grad_norm"],
      ] as [string, number, string[]]]
      : []),
  ];
  return {
    loss: of("loss") ?? null,
    terms: terms.map(([name, weight, names]) => ({
      name,
      weight,
      figures: Object.fromEntries(names.flatMap((key) => {
        const value = of(key);
        return value === undefined ? [] : [[key, value]];
      })),
    })),
  };
};

export const replayText = (told: Replayed): string => {
  const { row, replay: walked, terms } = told;
  const verdict = told.same_verdict ? "the same" : `NOT the same: it was ${row.judgement.verdict}`;
  const blocks = [
    `run ${told.run}, step ${row.step}, sample ${told.sample}: task ${row.task}, ` +
    `${row.source} -> ${row.target}, sampled by weights after ${row.weight_version} updates`,
    titled("prompt", row.prompt),
    titled("completion", row.completion),
    `1. verdict: ${told.judgement_again.verdict}, ${verdict}\n` +
    testsLine(told.judgement_again) +
    (row.fresh_cases === undefined ? "" : `, and ${row.fresh_cases.length} new ones of the step`),
    `2. reward: ${told.reward_again ?? "none, the judge failed"}` +
    (told.reward_again === row.reward ? "" : `; it was ${row.reward ?? "none"}`),
  ];
  if (walked === null) {
    return [...blocks, "The run kept no tokens of its rollouts, so the walk ends here."].join(
      "\n\n",
    );
  }
  const group = walked.group.map((reward) => reward ?? "-").join(" ");
  if (walked.tokens === undefined) {
    return [
      ...blocks,
      `3. not trained on: ${walked.left_out}; rewards of its group: ${group}`,
    ].join("\n\n");
  }
  const advantages = walked.tokens.map(({ advantage }) => advantage);
  const slope = walked.tokens.reduce((sum, token) => sum + token.slope, 0);
  return [
    ...blocks,
    `3. advantage (${walked.algorithm}): ${
      advantages.every((one) => one === advantages[0])
        ? advantages[0]!.toFixed(4)
        : `${Math.min(...advantages).toFixed(4)} to ${Math.max(...advantages).toFixed(4)}`
    }; rewards of its group: ${group}`,
    `4. policy loss of its update (${walked.rows} rows): ${walked.policy_loss!.toPrecision(9)}; ` +
    `its slope at this rollout's log-prob: ${slope.toExponential(3)}, so it becomes ${
      slope < 0 ? "likelier" : slope > 0 ? "less likely" : "neither likelier nor less likely"
    }`,
    ...walked.notes.map((note) => `   note: ${note}`),
    renderTable(
      [
        { title: "token" },
        { title: "log-prob", align: "right" },
        { title: "advantage", align: "right" },
        { title: "slope", align: "right" },
      ],
      walked.tokens.map(({ logprob, advantage, slope }, t) => [
        JSON.stringify(told.tokens![t]!),
        logprob.toFixed(4),
        advantage.toFixed(4),
        slope.toExponential(2),
      ]),
    ),
    `5. loss of the step: ${terms.loss ?? "not recorded"}\n` + terms.terms.map((
      { name, weight, figures },
    ) =>
      `   ${name}, weight ${weight}: ` +
      Object.entries(figures).map(([key, value]) => `${key} ${value.toPrecision(6)}`).join(", ")
    ).join("\n"),
  ].join("\n\n");
};

const titled = (title: string, text: string): string =>
  `${title}:\n${text.split("\n").map((line) => `  ${line}`).join("\n")}`;

const testsLine = ({ tests, compile }: Judgement): string => {
  const passes = tests.filter(({ verdict }) => verdict === "pass").length;
  const message = compile?.ok === false ? `; ${compile.message.split("\n")[0]}` : "";
  return `   ${passes} of the ${tests.length} tests that were run pass${message}`;
};
