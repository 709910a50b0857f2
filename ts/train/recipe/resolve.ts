import type { Algorithm, Normalise } from "../objectives/mod.ts";
import type { Stage } from "./schema.ts";

/** Defaults that depend on other keys. */
export const settle = (stage: Stage): Stage => {
  const { objective, optimizer, batch, rollout } = stage;
  const rollouts = stage.method === "rl" || stage.method === "oorl"
    ? (rollout?.prompts_per_step ?? 0) * (rollout?.group_size ?? 0)
    : 16;
  const warmup = optimizer.warmup < 1
    ? Math.round(optimizer.warmup * stage.steps)
    : optimizer.warmup;
  return {
    ...stage,
    batch: { ...batch, size: batch.size ?? Math.max(1, rollouts) },
    optimizer: { ...optimizer, warmup },
    objective: { ...objective, normalise: objective.normalise ?? normaliseOf[objective.algorithm] },
  };
};

/** How each algorithm's paper averages its loss. */
const normaliseOf: Readonly<Record<Algorithm, Normalise>> = {
  "reinforce++": "token",
  "reinforce++-baseline": "token",
  "rloo": "sequence",
  "grpo": "sequence",
  "dapo": "token",
  "dr-grpo": "constant",
  "gspo": "sequence",
  "cispo": "token",
};

/** The first thing that keeps a stage from being followed, though each key by itself is right. */
export const inconsistency = (
  stage: Stage,
): { readonly key: string; readonly expected: string } | undefined => {
  const { method, data, rollout, objective, evaluate } = stage;
  const missing = (key: string) => ({ key, expected: `is missing; method "${method}" needs it` });
  if ((method === "sft" || method === "dpo") && data === undefined) return missing("data");
  if ((method === "rl" || method === "oorl") && rollout === undefined) return missing("rollout");
  if ((method === "gepo" || method === "oorl") && objective.gepo === undefined) {
    return missing("objective.gepo");
  }
  if (evaluate !== undefined && rollout === undefined) {
    return {
      key: "rollout",
      expected: "is missing; an evaluation needs its prompts and languages",
    };
  }
  if (rollout?.kind === "translation" && rollout.sources === undefined) {
    return { key: "rollout.sources", expected: "is missing; translation needs it" };
  }
  if (rollout?.kind === "translation" && method !== "sft" && method !== "dpo") {
    const pairs = rollout.sources!.flatMap((s) => rollout.targets.filter((t) => t !== s));
    if (pairs.length === 0) {
      return { key: "rollout.targets", expected: "expected a language other than the source" };
    }
  }
  if (data?.mixture !== undefined) {
    if (data.languages === undefined) {
      return { key: "data.languages", expected: "is missing; a mixture needs it" };
    }
    if (rollout === undefined) {
      return { key: "rollout.prompts", expected: "is missing; a mixture's rows are made of it" };
    }
  }
  for (const held of data?.held_out_languages ?? []) {
    const uses = [
      ["data.languages", data?.languages],
      ["rollout.sources", method === "sft" ? undefined : rollout?.sources],
      ["rollout.targets", method === "sft" ? undefined : rollout?.targets],
    ] as const;
    const use = uses.find(([, languages]) => languages?.includes(held));
    if (use !== undefined) {
      return { key: use[0], expected: `expected no held-out language, found "${held}"` };
    }
  }
  if (evaluate?.select_on !== undefined && evaluate.every === 0) {
    return { key: "evaluate.every", expected: "expected above 0, to have steps to select from" };
  }
  if ((evaluate?.problems_during ?? 0) > (evaluate?.problems ?? 0)) {
    return { key: "evaluate.problems_during", expected: "expected at most evaluate.problems" };
  }
  return undefined;
};

/** The stage with its files where `find` says they are. */
export const locate = (stage: Stage, find: (path: string) => string): Stage => {
  const { model, data, lora, rollout, evaluate, objective } = stage;
  return {
    ...stage,
    model: typeof model === "string" ? find(model) : { init: find(model.init) },
    ...(data ? { data: { ...data, path: find(data.path) } } : {}),
    ...(lora ? { lora: "adapter" in lora ? { adapter: find(lora.adapter) } : lora } : {}),
    ...(rollout ? { rollout: { ...rollout, tasks: find(rollout.tasks) } } : {}),
    ...(evaluate
      ? { evaluate: evaluate.tasks ? { ...evaluate, tasks: find(evaluate.tasks) } : evaluate }
      : {}),
    objective: objective.gepo
      ? { ...objective, gepo: { ...objective.gepo, groups: find(objective.gepo.groups) } }
      : objective,
  };
};
