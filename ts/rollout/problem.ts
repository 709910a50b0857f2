import { type Program, Random, type Task } from "../data/mod.ts";
import { editOnce } from "./edit.ts";
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
  /** The program to be judged right or wrong, where that is the question. */
  readonly suspect?: string;
  /** Right programs of the task: the given one, and the one that is asked for. */
  readonly references: readonly { readonly language: string; readonly code: string }[];
}

type Pair = readonly [source: string, target: string];

export interface ProblemKind {
  /**
   * Translate a program, write one from its statement, or say whether one does what its statement asks.
   * That one is right half of the time; else it is one that failed, or has had one edit.
   */
  readonly kind: "translation" | "generation" | "verification";
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  /** Templates by kind. */
  readonly prompts: Readonly<Record<ProblemKind["kind"], string>>;
}

/**
 * What tasks can be asked as: pairs of a verified program's language and another one, with tests. `fits`
 * leaves out prompts that are too long for the model.
 */
export class Problems {
  /** Tasks that can be asked at all. */
  readonly tasks: readonly Task[];
  readonly #programs = new Map<string, string>();
  /** Programs that failed their tests. */
  readonly #failed = new Map<string, readonly string[]>();
  readonly #pairs = new Map<string, readonly Pair[]>();

  constructor(
    tasks: readonly Task[],
    programs: readonly Program[],
    readonly options: ProblemKind,
    fits: (prompt: string) => boolean = () => true,
  ) {
    for (const { task, language, code, verified } of programs) {
      const key = `${language} ${task}`;
      if (verified) this.#programs.set(key, code);
      else this.#failed.set(key, [...this.#failed.get(key) ?? [], code]);
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
    if (kind === "verification") {
      return tested.filter((target) => this.#programs.has(`${target} ${task.id}`))
        .map((target) => ["statement", target]);
    }
    return kind === "generation"
      ? tested.map((target) => ["statement", target])
      : sources.filter((source) => this.#programs.has(`${source} ${task.id}`)).flatMap((source) =>
        tested.filter((target) => target !== source).map((target): Pair => [source, target])
      );
  }

  /** `random` chooses the program of a verification. */
  ask(
    task: Task,
    [source, target]: Pair,
    random = new Random("suspect").fork(task.id, target),
  ): Problem {
    const { kind, prompts } = this.options;
    const { statement } = task;
    const name = task.signature.name;
    const references = [source, target].flatMap((language) => {
      const code = this.#programs.get(`${language} ${task.id}`);
      return code === undefined ? [] : [{ language, code }];
    });
    if (kind === "verification") {
      const suspect = this.#suspect(`${target} ${task.id}`, random);
      const prompt = render(prompts[kind], { target, statement, code: suspect, name });
      return { task, source, target, prompt, given: statement, suspect, references };
    }
    const given = kind === "generation" ? statement : this.#programs.get(`${source} ${task.id}`)!;
    const prompt = render(prompts[kind], { source, target, statement, code: given, name });
    return { task, source, target, prompt, given, references };
  }

  #suspect(key: string, random: Random): string {
    const right = this.#programs.get(key);
    const failed = this.#failed.get(key);
    if (right === undefined) return random.pick(failed!);
    if (random.chance(0.5)) return right;
    return failed === undefined ? editOnce(right, random) ?? right : random.pick(failed);
  }

  /** The problems of a training step: which tasks is the caller's choice, the pair is drawn. */
  draw(indices: readonly number[], random: Random): Problem[] {
    return indices.map((index, i) => {
      const task = this.tasks[index]!;
      return this.ask(
        task,
        random.fork("pair", i).pick(this.pairs(task)),
        random.fork("suspect", i),
      );
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
