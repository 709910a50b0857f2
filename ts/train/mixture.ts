import { type Program, Random, type Task } from "../data/mod.ts";

export type MixtureArm = "parallel" | "parallel-packed" | "non-parallel" | "source-only";

/** One example of a mixture: a task's program, with what it costs in tokens. */
export interface Example {
  readonly task: string;
  readonly language: string;
  readonly tokens: number;
}

export interface MixtureOptions {
  /** The first is the source. */
  readonly languages: readonly string[];
  /** Tasks that the parallel arm shows in every language. */
  readonly tasks: number;
  readonly seed: number;
}

/**
 * The examples of one arm of Parallel-SFT (arXiv 2604.20835; the paper's own mixture is not public).
 * `parallel`: K tasks, each in all L languages. `non-parallel`: K L tasks, each in one language, with the
 * parallel arm's number of examples *and of tokens* in every language, so that nothing but parallelism
 * differs. `source-only`: K L tasks in the source language. `parallel-packed` has the examples of `parallel`;
 * whoever makes rows of them puts a task's programs into one.
 *
 * @throws RangeError where the candidates do not allow it; says what is missing.
 */
export const mixture = (
  arm: MixtureArm,
  candidates: readonly Example[],
  { languages, tasks, seed }: MixtureOptions,
): readonly Example[] => {
  const random = new Random(seed).fork("mixture");
  const byTask = new Map<string, Map<string, Example>>();
  for (const example of candidates) {
    if (!languages.includes(example.language)) continue;
    const own = byTask.get(example.task) ?? new Map<string, Example>();
    byTask.set(example.task, own.set(example.language, example));
  }
  const complete = random.shuffle(
    [...byTask.values()].filter((own) => languages.every((language) => own.has(language))),
  );
  const needed = tasks * languages.length;
  if (complete.length < needed) {
    throw new RangeError(
      `${complete.length} tasks have programs in all of ${languages.join(", ")}; the arms need ` +
        `${needed} (${tasks} tasks x ${languages.length} languages)`,
    );
  }
  const chosen = complete.slice(0, tasks);
  if (arm === "parallel" || arm === "parallel-packed") {
    return chosen.flatMap((own) => languages.map((language) => own.get(language)!));
  }
  if (arm === "source-only") {
    return complete.slice(0, needed).map((own) => own.get(languages[0]!)!);
  }
  const budget = languages.map((language) =>
    chosen.reduce((sum, own) => sum + own.get(language)!.tokens, 0)
  );
  return spreadOver(complete, languages, tasks, budget);
};

/** Every task in one language, `count` of them in each, with exactly `budget` tokens a language. */
const spreadOver = (
  tasks: readonly ReadonlyMap<string, Example>[],
  languages: readonly string[],
  count: number,
  budget: readonly number[],
): readonly Example[] => {
  const free = new Set(tasks);
  return languages.flatMap((language, i) => {
    const take = [...free].slice(0, count);
    take.forEach((own) => free.delete(own));
    const left = () => budget[i]! - take.reduce((sum, own) => sum + own.get(language)!.tokens, 0);
    // Exchange one task for a free one while that brings the sum nearer; then try pairs of exchanges.
    for (let gap = left(); gap !== 0; gap = left()) {
      const better = bestExchange(take, free, language, gap) ??
        bestPairOfExchanges(take, free, language, gap);
      if (better === undefined) {
        throw new RangeError(
          `no choice of tasks gives the non-parallel arm as many tokens in ${language} as the ` +
            `parallel one (${Math.abs(gap)} off); more tasks are needed`,
        );
      }
      for (const { at, own } of better) {
        free.add(take[at]!);
        free.delete(own);
        take[at] = own;
      }
    }
    return take.map((own) => own.get(language)!);
  });
};

interface Exchange {
  readonly at: number;
  readonly own: ReadonlyMap<string, Example>;
  /** Tokens gained. */
  readonly change: number;
}

const exchanges = (
  take: readonly ReadonlyMap<string, Example>[],
  free: ReadonlySet<ReadonlyMap<string, Example>>,
  language: string,
): Exchange[] => {
  const seen = new Map<number, Exchange>();
  take.forEach((old, at) => {
    for (const own of free) {
      const change = own.get(language)!.tokens - old.get(language)!.tokens;
      if (change !== 0 && !seen.has(change)) seen.set(change, { at, own, change });
    }
  });
  return [...seen.values()];
};

const bestExchange = (
  take: readonly ReadonlyMap<string, Example>[],
  free: ReadonlySet<ReadonlyMap<string, Example>>,
  language: string,
  gap: number,
): readonly Exchange[] | undefined => {
  let best: Exchange | undefined;
  for (const exchange of exchanges(take, free, language)) {
    const left = Math.abs(gap - exchange.change);
    if (left < Math.abs(gap) && (best === undefined || left < Math.abs(gap - best.change))) {
      best = exchange;
    }
  }
  return best === undefined ? undefined : [best];
};

const bestPairOfExchanges = (
  take: readonly ReadonlyMap<string, Example>[],
  free: ReadonlySet<ReadonlyMap<string, Example>>,
  language: string,
  gap: number,
): readonly Exchange[] | undefined => {
  const all = exchanges(take, free, language);
  const byChange = new Map(all.map((exchange) => [exchange.change, exchange]));
  for (const first of all) {
    const second = byChange.get(gap - first.change);
    if (second !== undefined && second.at !== first.at && second.own !== first.own) {
      return [first, second];
    }
  }
  return undefined;
};

/** Programs of tasks on the training side, with their row's cost. */
export const candidatesOf = (
  tasks: readonly Task[],
  programs: readonly Program[],
  tokensOf: (task: Task, program: Program) => number,
): Example[] => {
  const training = new Map(
    tasks.filter(({ split }) => split === "train").map((task) => [task.id, task]),
  );
  return programs.flatMap((program) => {
    const task = training.get(program.task);
    return task === undefined
      ? []
      : [{ task: task.id, language: program.language, tokens: tokensOf(task, program) }];
  });
};
