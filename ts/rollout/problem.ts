import { type Program, Random, type Task } from "../data/mod.ts";
import { render } from "./prompt.ts";

/** One question to the model: a task in a pair of languages, as a prompt. */
export interface Problem {
  readonly task: Task;
  /** `statement` where the prompt is prose. */
  readonly source: string;
  readonly target: string;
  readonly prompt: string;
  /** What is given, without the template: the program to translate, or the statement. */
  readonly given: string;
}

type Pair = readonly [source: string, target: string];

export interface ProblemKind {
  readonly kind: "translation" | "generation";
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  readonly prompts: { readonly translation: string; readonly generation: string };
}

/**
 * What tasks can be asked as: pairs of a verified program's language and another one, with tests. `fits`
 * leaves out prompts that are too long for the model.
 */
export class Problems {
  /** Tasks that can be asked at all. */
  readonly tasks: readonly Task[];
  readonly #programs = new Map<string, string>();
  readonly #pairs = new Map<string, readonly Pair[]>();

  constructor(
    tasks: readonly Task[],
    programs: readonly Program[],
    readonly options: ProblemKind,
    fits: (prompt: string) => boolean = () => true,
  ) {
    for (const { task, language, code, verified } of programs) {
      if (verified) this.#programs.set(`${language} ${task}`, code);
    }
    for (const task of tasks) {
      const pairs = this.#askable(task).filter((pair) => fits(this.ask(task, pair).prompt));
      this.#pairs.set(task.id, pairs);
    }
    this.tasks = tasks.filter((task) => this.pairs(task).length > 0);
  }

  pairs(task: Task): readonly Pair[] {
    return this.#pairs.get(task.id)!;
  }

  #askable(task: Task): readonly Pair[] {
    const { kind, sources, targets } = this.options;
    const tested = targets.filter((target) =>
      task.test_program === undefined || task.test_program[target] !== undefined
    );
    return kind === "generation"
      ? tested.map((target) => ["statement", target])
      : sources.filter((source) => this.#programs.has(`${source} ${task.id}`)).flatMap((source) =>
        tested.filter((target) => target !== source).map((target): Pair => [source, target])
      );
  }

  ask(task: Task, [source, target]: Pair): Problem {
    const { kind, prompts } = this.options;
    const { statement } = task;
    const given = kind === "generation" ? statement : this.#programs.get(`${source} ${task.id}`)!;
    const name = task.signature.name;
    const prompt = render(prompts[kind], { source, target, statement, code: given, name });
    return { task, source, target, prompt, given };
  }

  /** The problems of a training step: which tasks is the caller's choice, the pair is drawn. */
  draw(indices: readonly number[], random: Random): Problem[] {
    return indices.map((index, i) => {
      const task = this.tasks[index]!;
      return this.ask(task, random.fork("pair", i).pick(this.pairs(task)));
    });
  }

  /**
   * A fixed choice for evaluation, the same in every run: tasks in a shuffled order of the file, pairs in
   * turn, so that every pair is asked about equally often.
   */
  spread(count: number): Problem[] {
    const random = new Random("held-out problems");
    const order = random.shuffle(this.tasks.map((_, i) => i));
    const all = this.#allPairs();
    return Array.from({ length: order.length === 0 ? 0 : count }, (_, i) => {
      const task = this.tasks[order[i % order.length]!]!;
      const own = this.pairs(task);
      // A task's second turn is another pair.
      const turn = i + Math.floor(i / order.length);
      const wanted = all[turn % all.length]!;
      const pair = own.find((p) => p.join() === wanted.join()) ?? own[turn % own.length]!;
      return this.ask(task, pair);
    });
  }

  #allPairs(): readonly Pair[] {
    const pairs = new Map<string, Pair>();
    for (const task of this.tasks) {
      for (const pair of this.pairs(task)) pairs.set(pair.join(), pair);
    }
    return [...pairs.keys()].sort().map((key) => pairs.get(key)!);
  }
}
