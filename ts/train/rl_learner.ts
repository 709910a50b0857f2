import { Effect } from "effect";
import { Random, readPrograms, readTasks } from "../data/mod.ts";
import type { Engine } from "../model/mod.ts";
import { onEngine, Problems, type Rollout } from "../rollout/mod.ts";
import { Batches } from "./batches.ts";
import { TrainRefused } from "./errors.ts";
import { samplingMetrics, variedGroups } from "./dynamic_sampling.ts";
import type { Learner, Setting } from "./learner.ts";
import { type Optimizer, optimizerOf, updateAt } from "./optimizer.ts";
import {
  accumulatePolicy,
  decoupled,
  needsReference,
  policyConfigOf,
  type PolicyPass,
  type PolicyRows,
  policyRows,
} from "./policy_step.ts";
import { gepoTerm, type PreferenceTerm } from "./preference_learner.ts";
import type { Stage } from "./recipe/schema.ts";
import { rolloutMetrics } from "./rollout_metrics.ts";
import { rolloutSource } from "./rollout_source.ts";
import { microOf, tokenizerOf } from "./sft_learner.ts";
import { meanTokens } from "./workload.ts";

/** On-policy RL with a unit-test reward; OORL adds GEPO to every step's first update. */
export const rlLearner = Effect.fn("rlLearner")(function* (setting: Setting) {
  const { stage, index } = setting;
  const rollout = stage.rollout!;
  const tokenizer = yield* tokenizerOf(setting);
  const all = yield* readTasks(rollout.tasks);
  const programs = yield* readPrograms(rollout.tasks);
  const problems = new Problems(
    all.filter(({ split }) => split === "train"),
    programs,
    { ...rollout, sources: rollout.sources ?? [] },
    (prompt) => tokenizer.encode(prompt).length + rollout.max_tokens <= setting.context,
  );
  if (problems.tasks.length === 0) {
    return yield* new TrainRefused({
      code: "no-problems",
      message: `${rollout.tasks}: no training task can be asked as ${rollout.kind} into ` +
        `${
          rollout.targets.join(", ")
        } within ${setting.context} tokens; expected verified programs ` +
        "in a source language and tests for the target",
    });
  }
  const gepo = stage.method === "oorl" ? yield* gepoTerm(setting) : undefined;
  const config = policyConfigOf(stage.objective, rollout.max_tokens);
  const dynamic = stage.objective.dynamic_sampling;
  const optimizer = optimizerOf(stage.optimizer);
  const batches = new Batches(problems.tasks.length, rollout.prompts_per_step, {
    seed: stage.seed + index,
    shuffle: true,
  });

  const rollouts = rollout.prompts_per_step * rollout.group_size;
  const length = meanTokens(
    problems.draw(problems.tasks.map((_, i) => i), new Random("lengths")),
    tokenizer,
    rollout.max_tokens,
  );

  const randomOf = (step: number) => new Random(stage.seed).fork("rollout", index, step);
  const source = rolloutSource(
    setting,
    tokenizer,
    (step, round) => {
      const random = randomOf(step);
      if (round === 0) return problems.draw(batches.at(step), random);
      const more = random.fork("round", round);
      const all = problems.tasks.map((_, i) => i);
      return problems.draw(more.shuffle(all).slice(0, rollout.prompts_per_step), more);
    },
    randomOf,
  );

  const step: Learner["step"] = Effect.fnUntraced(function* (engine, step) {
    const started_ms = performance.now();
    const sampled = yield* source.take(engine, step);
    const trained = yield* onEngine(async () => {
      const { temperature } = rollout;
      const rows = policyRows(
        dynamic
          ? variedGroups(sampled.rollouts, rollout.prompts_per_step).flat()
          : sampled.rollouts,
      );
      const logProbs = (reference: boolean) =>
        engine.logProbs(rows.rows, { temperature, reference });
      let batch = rows.batch;
      if (sampled.age > 0) batch = decoupled(batch, await logProbs(false));
      if (needsReference(config)) batch = { ...batch, ref_logp: await logProbs(true) };
      return await updates(engine, { ...rows, batch }, gepo, step, { stage, config, optimizer });
    });
    yield* sampled.settle;
    const seconds = (performance.now() - started_ms) / 1000;
    return {
      metrics: {
        ...trained.metrics,
        ...rolloutMetrics(sampled.rollouts),
        ...(dynamic ? samplingMetrics(sampled.rollouts) : {}),
        num_tokens: trained.tokens,
        sampled_tokens: sampled.sampled_tokens,
        sampled_tokens_per_s: 1000 * sampled.sampled_tokens / sampled.sampling_ms,
        trained_tokens_per_s: trained.tokens / Math.max(1e-9, trained.seconds),
        sampling_s: sampled.sampling_ms / 1000,
        judging_s: sampled.judging_ms / 1000,
        staleness: sampled.age,
        training_s: trained.seconds,
        step_s: seconds,
      },
      rollouts: sampled.rollouts.map(rowOf),
      age: sampled.age,
    };
  });

  return {
    counts: {
      tasks: problems.tasks.length,
      rollouts_per_step: rollouts,
      ...(gepo ? { groups: gepo.groups.length } : {}),
    },
    workload: {
      trained_tokens: rollouts * (length.prompt + length.completion) + (gepo?.tokens ?? 0),
      sampled_tokens: rollouts * length.completion,
      judged: rollouts,
    },
    longest: Math.max(gepo?.longest ?? 1, setting.context),
    prepare: gepo?.prepare ?? (() => Effect.void),
    step,
    queue: source,
  } satisfies Learner as Learner;
});

/** The updates of one batch of rollouts: one, or one for every `batch.size` rows of it. */
const updates = async (
  engine: Engine,
  rows: PolicyRows,
  gepo: PreferenceTerm | undefined,
  step: number,
  { stage, config, optimizer }: {
    readonly stage: Stage;
    readonly config: ReturnType<typeof policyConfigOf>;
    readonly optimizer: Optimizer;
  },
) => {
  const started_ms = performance.now();
  const { w_rl, w_gepo } = stage.objective;
  const size = stage.batch.size!;
  const all: Record<string, number>[] = [];
  let tokens = 0;
  // With nothing judged there is no gradient, and with GEPO still one update.
  for (let first = 0; first < rows.rows.length || (first === 0 && gepo); first += size) {
    const preference = first === 0 ? await gepo?.accumulate(engine, step) : undefined;
    const clip = stage.objective.gepo?.clip_norm;
    const gepo_norm = preference === undefined ? undefined : await engine.foldGradient({
      weight: w_gepo,
      ...(clip === undefined ? {} : { clip_norm: clip }),
    });
    const pass = await accumulatePolicy(engine, config, rows, {
      first,
      end: Math.min(rows.rows.length, first + size),
      fresh: first === 0,
      temperature: stage.rollout!.temperature,
      micro: microOf(stage),
    });
    const rl_norm = gepo === undefined ? undefined : await engine.foldGradient({ weight: w_rl });
    const { skipped, ...update } = await updateAt(engine, optimizer, step, stage.steps);
    tokens += pass.tokens + (preference?.tokens ?? 0);
    all.push({
      ...update,
      ...passMetrics(pass),
      loss: gepo === undefined ? pass.loss : w_rl * pass.loss + w_gepo * (preference?.loss ?? 0),
      skipped: skipped ? 1 : 0,
      ...(rl_norm === undefined ? {} : { loss_rl: pass.loss, grad_norm_rl: rl_norm }),
      ...(preference === undefined ? {} : {
        loss_gepo: preference.loss,
        "gepo/grad_norm": gepo_norm!,
        ...prefixed("gepo/", preference.metrics),
      }),
    });
  }
  return {
    metrics: averaged(all),
    tokens,
    seconds: (performance.now() - started_ms) / 1000,
  };
};

const passMetrics = (pass: PolicyPass): Record<string, number> => ({
  ...pass.metrics,
  entropy: pass.entropy,
  "sampling/sampling_logp_difference/mean": pass.gap.mean,
  "sampling/sampling_logp_difference/max": pass.gap.max,
});

const prefixed = (prefix: string, metrics: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [prefix + name, value]));

/** Mean of each number over a step's updates. */
const averaged = (all: readonly Record<string, number>[]) => {
  const sums = new Map<string, number[]>();
  for (const metrics of all) {
    for (const [name, value] of Object.entries(metrics)) {
      sums.set(name, [...sums.get(name) ?? [], value]);
    }
  }
  const means = Object.fromEntries(
    [...sums].map(([name, values]) => [name, values.reduce((a, b) => a + b, 0) / values.length]),
  );
  return { loss: 0, grad_norm: 0, learning_rate: 0, ...means };
};

const rowOf = (rollout: Rollout) => {
  const { problem, text, reward, judgement, fresh_cases, group, truncated } = rollout;
  return {
    task: problem.task.id,
    source: problem.source,
    target: problem.target,
    prompt: problem.prompt,
    completion: text,
    reward,
    judgement,
    ...(fresh_cases === undefined ? {} : { fresh_cases }),
    ...(problem.suspect === undefined ? {} : { suspect: problem.suspect }),
    group,
    truncated,
    ids: [...rollout.ids],
    logprobs: Array.from(rollout.logProbs, (logprob) => Number(logprob.toPrecision(9))),
  };
};
