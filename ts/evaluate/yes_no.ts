import { Effect } from "effect";
import { Random } from "../data/mod.ts";
import type { Engine } from "../model/mod.ts";
import { onEngine, render } from "../rollout/mod.ts";
import type { Tokenizer } from "../wasm/mod.ts";
import { type Cluster, clusterInterval, type Estimate } from "./interval.ts";
import type { ProgramQuestion } from "./program_answers.ts";
import { renderTable } from "./table.ts";

/** Do these two programs, in two languages, do the same? */
export interface YesNoQuestion {
  /** Shared by two neighbours: one is to be answered yes, one no. */
  readonly pair: string;
  readonly task: string;
  readonly prompt: string;
  readonly equivalent: boolean;
  /** How the other program was made, where they are not equivalent. */
  readonly tier?: string;
}

export interface YesNoAnswer extends Omit<YesNoQuestion, "prompt"> {
  /** Log-prob of yes less that of no, in nats. */
  readonly margin: number;
}

/**
 * For every program in two languages one question about the task's own program, and one about a program
 * whose difference was shown by running it: an edit of the right one, or another task's.
 */
export const yesNoQuestions = (
  groups: readonly ProgramQuestion[],
  template: string,
  seed: number,
): YesNoQuestion[] =>
  groups.flatMap(({ id, task, source, target, given, answers }) => {
    const random = new Random(seed).fork("yes or no", id);
    const right = answers.find(({ winner }) => winner)!;
    const losers = answers.filter(({ winner }) => !winner);
    const tier = random.pick([...new Set(losers.map(({ tier }) => tier!))]);
    const wrong = random.pick(losers.filter((loser) => loser.tier === tier));
    const about = (other: string) => render(template, { source, target, code: given, other });
    return [
      { pair: id, task, prompt: about(right.text), equivalent: true },
      { pair: id, task, prompt: about(wrong.text), equivalent: false, tier },
    ];
  });

/** How likely one model finds each answer. Pairs beyond `context` tokens are left out whole. */
export const askYesNo = Effect.fn("askYesNo")(function* (
  engine: Engine,
  tokenizer: Tokenizer,
  questions: readonly YesNoQuestion[],
  context: number,
  onProgress?: (done: number, of: number) => void,
) {
  const answers: YesNoAnswer[] = [];
  for (let i = 0; i < questions.length; i += 2) {
    const two = questions.slice(i, i + 2);
    const rows = two.flatMap(({ prompt }) => yesNoRows(tokenizer, prompt));
    if (rows.every(({ ids }) => ids.length <= context)) {
      const logProbs = yield* onEngine(() =>
        engine.logProbs(rows.map(({ ids }) => ids), { temperature: 1 })
      );
      const sums = rows.map(({ from }, r) =>
        logProbs[r]!.subarray(from).reduce((a, b) => a + b, 0)
      );
      two.forEach(({ prompt: _, ...question }, q) =>
        answers.push({ ...question, margin: sums[2 * q]! - sums[2 * q + 1]! })
      );
    }
    onProgress?.(Math.min(i + 2, questions.length), questions.length);
  }
  return answers as readonly YesNoAnswer[];
});

/** A question with yes, and with no. */
export const yesNoRows = (tokenizer: Tokenizer, prompt: string) => {
  const asked = tokenizer.encode(prompt);
  return ["yes", "no"].map((word) => ({
    ids: Uint32Array.from([...asked, ...tokenizer.encode(word, { special: false })]),
    from: asked.length,
  }));
};

/** Whether a model knows equivalent programs of two languages, asked in words. */
export interface Equivalence {
  readonly questions: number;
  /** Share of answers that are right; half of the questions are to be answered yes, so 0.5 is chance. */
  readonly accuracy: Sides;
  /** Share of pairs in which yes is likelier of the equivalent program; blind to a leaning to one word. */
  readonly told_apart: Sides;
  /** Share answered yes, of `equivalent` and of each tier of those that are not. */
  readonly says_yes: Readonly<Record<string, Sides & { readonly questions: number }>>;
}

export interface Sides {
  readonly before?: Estimate;
  readonly after: Estimate;
}

/** `before` and `after`: the same questions to two models. Intervals are from a bootstrap over tasks. */
export const equivalence = (
  after: readonly YesNoAnswer[],
  before: readonly YesNoAnswer[] | undefined,
  seed = 0,
): Equivalence => {
  const kindOf = ({ tier = "equivalent" }: YesNoAnswer) => tier;
  const sides = (scores: (answers: readonly YesNoAnswer[]) => readonly Scored[]): Sides => ({
    ...(before === undefined ? {} : { before: shareOf(scores(before), seed) }),
    after: shareOf(scores(after), seed),
  });
  const saysYes = (answers: readonly YesNoAnswer[]) =>
    answers.map(({ task, margin }) => ({ task, score: sign(margin) }));
  const kinds = [...new Set(after.map(kindOf))].sort();
  return {
    questions: after.length,
    accuracy: sides((answers) =>
      answers.map(({ task, equivalent, margin }) => ({
        task,
        score: sign(equivalent ? margin : -margin),
      }))
    ),
    told_apart: sides((answers) =>
      answers.flatMap(({ task, margin, equivalent }, i) =>
        equivalent ? [{ task, score: sign(margin - answers[i + 1]!.margin) }] : []
      )
    ),
    says_yes: Object.fromEntries(kinds.map((kind) => {
      const own = (answers: readonly YesNoAnswer[]) => answers.filter((a) => kindOf(a) === kind);
      return [kind, { questions: own(after).length, ...sides((all) => saysYes(own(all))) }];
    })),
  };
};

/** The rows of a table of it: what is counted, of how many, and its two sides. */
export const equivalenceRows = ({ questions, accuracy, told_apart, says_yes }: Equivalence) => [
  { name: "right", count: questions, sides: accuracy },
  { name: "told apart", count: questions / 2, sides: told_apart },
  ...Object.entries(says_yes).map(([kind, { questions, ...sides }]) => (
    { name: `says yes: ${kind}`, count: questions, sides }
  )),
];

export const equivalenceTable = (found: Equivalence): string => {
  const two = found.accuracy.before !== undefined;
  const share = ({ value, low, high }: Estimate): string =>
    `${percent(value)} [${percent(low)}, ${percent(high)}]`;
  return renderTable(
    [
      { title: "yes or no, %" },
      { title: "of", align: "right" },
      ...(two ? [{ title: "before" }, { title: "after" }] : [{ title: "share" }]),
    ],
    equivalenceRows(found).map(({ name, count, sides: { before, after } }) => [
      name,
      String(count),
      ...(before === undefined ? [] : [share(before)]),
      share(after),
    ]),
  );
};

interface Scored {
  readonly task: string;
  readonly score: number;
}

/** 1 above zero, 0 below, a half where nothing tells. */
const sign = (margin: number): number => margin > 0 ? 1 : margin < 0 ? 0 : 0.5;

const shareOf = (scored: readonly Scored[], seed: number): Estimate => {
  const clusters = new Map<string, Cluster>();
  for (const { task, score } of scored) {
    const { sum, count } = clusters.get(task) ?? { sum: 0, count: 0 };
    clusters.set(task, { sum: sum + score, count: count + 1 });
  }
  const { pass_at_1: value, low, high } = clusterInterval([...clusters.values()], seed);
  return { value, low, high };
};

const percent = (share: number): string => (100 * share).toFixed(1);
