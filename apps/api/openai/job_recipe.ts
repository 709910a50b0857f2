import { chosen, type JobRequest, type Method } from "./job_request.ts";

export interface JobShape {
  /** Folder of the base model, and the adapter to go on with if it has one. */
  readonly model: string;
  readonly adapter?: string;
  readonly hidden_size: number;
  readonly context: number;
  /** How many rows, questions or groups the training file holds. */
  readonly rows: number;
  /** What the rows became, by what they are for. */
  readonly files: {
    readonly rows?: string;
    readonly tasks?: string;
    readonly groups?: string;
  };
  /** Of programs in the training file. */
  readonly languages?: readonly string[];
  readonly prompts?: Readonly<Record<string, string>>;
}

/** The hyperparameters that `auto` stands for, with those that were given. */
export interface Hyperparameters {
  readonly n_epochs: number;
  readonly batch_size: number;
  readonly learning_rate_multiplier: number;
  readonly [other: string]: number | string;
}

/** A fine-tuning job as a recipe of Calque. */
export const recipeOf = (
  request: JobRequest,
  shape: JobShape,
): { readonly recipe: Readonly<Record<string, unknown>>; readonly hyper: Hyperparameters } => {
  const method: Method = request.method ?? { type: "supervised" };
  const asked = hyperOf(request, method);
  const number = (key: string): number | undefined => chosen(asked[key]);
  const samples = method.type === "reinforcement" || method.type === "oorl";
  const batch = Math.min(number("batch_size") ?? 16, samples ? 4096 : shape.rows);
  const epochs = number("n_epochs") ?? 3;
  const steps = number("steps") ?? Math.max(1, Math.ceil(epochs * shape.rows / batch));
  const multiplier = number("learning_rate_multiplier") ?? 1;
  const tuning = {
    model: shape.model,
    ...(shape.adapter === undefined ? {} : { lora: { adapter: shape.adapter } }),
    seed: request.seed ?? 0,
    steps,
    optimizer: { lr: baseRate(shape.hidden_size) * multiplier, warmup: 0.1, schedule: "linear" },
    engine: { context: shape.context },
    checkpoint: { every: Math.max(1, Math.ceil(steps / 10)), keep: 3 },
  };
  const max_tokens = number("max_tokens") ?? Math.min(256, Math.floor(shape.context / 2));
  const rollout = {
    tasks: shape.files.tasks,
    targets: shape.languages,
    prompts_per_step: batch,
    group_size: number("group_size") ?? 4,
    max_tokens,
  };
  const gepo = { groups: shape.files.groups, beta: number("beta") ?? 0.1, length_normalised: true };
  const hyper = {
    ...asked,
    n_epochs: epochs,
    batch_size: batch,
    learning_rate_multiplier: multiplier,
  };
  const data = { path: shape.files.rows };
  switch (method.type) {
    case "supervised":
      return { hyper, recipe: { method: "sft", ...tuning, data, batch: { size: batch } } };
    case "dpo": {
      const objective = { beta: number("beta") ?? 0.1 };
      const recipe = { method: "dpo", ...tuning, data, objective, batch: { size: batch } };
      return { hyper: { ...hyper, ...objective }, recipe };
    }
    case "reinforcement": {
      const prompts = { generation: "{statement}", extract: "raw" };
      const asks = { ...rollout, kind: "generation", prompts, fresh_cases: 0 };
      // The server puts its own address there when it starts the run.
      const judge = { url: GRADED_HERE };
      return { hyper, recipe: { method: "rl", ...tuning, rollout: asks, judge } };
    }
    case "gepo": {
      const objective = { gepo: { ...gepo, per_step: Math.min(batch, shape.rows) } };
      // Only its prompts count here.
      const asks = {
        tasks: shape.files.groups,
        targets: ["c"],
        prompts: shape.prompts,
        kind: "generation",
      };
      return { hyper, recipe: { method: "gepo", ...tuning, objective, rollout: without(asks) } };
    }
    case "oorl": {
      const asks = {
        ...rollout,
        kind: "translation",
        sources: shape.languages,
        prompts: shape.prompts,
      };
      return {
        hyper,
        recipe: without({ method: "oorl", ...tuning, rollout: without(asks), objective: { gepo } }),
      };
    }
  }
};

/** Stands for the grader of a job, which the server itself answers for. */
export const GRADED_HERE = "http://grader.invalid";

/** Wider models learn at lower rates: 3e-4 at a width of 128, falling as its inverse. */
const baseRate = (hidden_size: number): number => 0.0384 / hidden_size;

const hyperOf = (
  request: JobRequest,
  method: Method,
): Readonly<Record<string, number | "auto" | undefined>> => {
  const own = (method as unknown as Record<string, { hyperparameters?: object } | undefined>)[
    method.type
  ];
  const { reasoning_effort: _, ...numbers } = {
    ...request.hyperparameters,
    ...own?.hyperparameters,
  } as Record<string, number | "auto">;
  return numbers;
};

const without = (value: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));
