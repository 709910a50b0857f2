import { Effect } from "effect";
import { availableParallelism } from "node:os";
import { readGroups, readPrograms, readTasks } from "../../../ts/data/mod.ts";
import {
  type AnswerTexts,
  irAnswers,
  probeTexts,
  programAnswers,
  type ProgramQuestion,
  yesNoQuestions,
} from "../../../ts/evaluate/mod.ts";
import { type Problem, Problems, rememberingJudge } from "../../../ts/rollout/mod.ts";
import { Sandbox } from "../../../ts/sandbox/mod.ts";
import { UserError } from "../../tools/mod.ts";
import { printJson, writeOut } from "../output.ts";
import { progressLine } from "../progress.ts";
import { evaluationPage, evaluationReport, evaluationTables } from "./evaluation_report.ts";
import { type Asked, measure } from "./measure.ts";
import { writeReport } from "./report_file.ts";
import { type Prompts, promptsOf } from "./prompts.ts";

export interface EvaluateFlags {
  readonly model: string;
  readonly adapter: string | undefined;
  readonly before: string | undefined;
  /** Models of stages between the two, for the probe. */
  readonly between: readonly string[];
  readonly tasks: string | undefined;
  readonly groups: string | undefined;
  readonly questions: boolean;
  /** Tasks whose programs are shown to every layer. */
  readonly probe: number | undefined;
  readonly kind: "translation" | "generation" | "verification";
  readonly sources: readonly string[] | undefined;
  readonly targets: readonly string[] | undefined;
  readonly trained: readonly string[];
  readonly split: "held-out" | "train" | "all";
  readonly problems: number;
  readonly samples: number;
  readonly k: readonly number[];
  readonly temperature: number;
  readonly maxTokens: number;
  readonly prompts: string | undefined;
  readonly seed: number;
  readonly html: string | undefined;
  readonly json: boolean;
}

/** Asks one model, or one before training and one after; judges; prints figures as tables or JSON. */
export const evaluateModel = Effect.fnUntraced(function* (flags: EvaluateFlags) {
  const { model, adapter, before } = flags;
  const prompts = yield* promptsOf(model, flags.prompts);
  const problems = flags.tasks === undefined ? [] : yield* problemsOf(flags.tasks, flags, prompts);
  const questions = flags.questions ? yield* questionsOf(flags, prompts) : undefined;
  const asked: Asked = {
    ...flags,
    problems,
    prompts,
    answers: {
      ...flags.groups === undefined ? {} : { "IR groups": yield* groupsOf(flags.groups, prompts) },
      ...questions === undefined ? {} : { questions },
    },
    yesNo: questions && yesNoQuestions(questions, prompts.equivalence, flags.seed),
    probe: flags.probe === undefined ? undefined : yield* programsOf(flags, flags.probe, prompts),
  };
  const side = (name: string) => before === undefined ? "" : ` (${name})`;
  const was = before === undefined
    ? undefined
    : yield* measure({ name: side("before"), model: before, adapter: undefined }, asked);
  // Of models between the two only the layers are looked at.
  const between = yield* Effect.forEach(flags.between, (model) =>
    Effect.map(
      measure(
        { name: ` (${model})`, model, adapter: undefined },
        { ...asked, problems: [], answers: {}, yesNo: undefined },
      ),
      ({ probed }) => ({ name: model.split("/").slice(-2).join("/"), probe: probed! }),
    ));
  const is = yield* measure({ name: side("after"), model, adapter }, asked);
  const report = evaluationReport(flags, is, was, between);
  if (flags.html !== undefined) {
    yield* writeReport(flags.html, evaluationPage(flags, report, is, was));
  }
  if (flags.json) return yield* printJson(report);
  yield* writeOut(evaluationTables(report, is).join("\n\n") + "\n");
}, Effect.provide(Sandbox.layer()));

const problemsOf = Effect.fnUntraced(function* (
  folder: string,
  flags: Pick<EvaluateFlags, "kind" | "sources" | "targets" | "split" | "problems">,
  prompts: Prompts,
) {
  const { kind, split } = flags;
  const tasks = (yield* readTasks(folder)).filter((task) =>
    split === "all" || task.split === split
  );
  const programs = yield* readPrograms(folder);
  const languages = [...new Set(programs.map(({ language }) => language))].sort();
  const problems = new Problems(tasks, programs, {
    kind,
    sources: flags.sources ?? languages,
    targets: flags.targets ?? languages,
    prompts,
  }).spread(flags.problems);
  if (problems.length === 0) {
    const message = `${folder}: no task of split "${split}" can be asked for ${kind}; ` +
      "expected verified programs in the source languages and tests in the target languages";
    return yield* new UserError({ code: "bad-data", message });
  }
  return problems as readonly Problem[];
});

/** Held-out tasks in all languages that are asked for, under the head of the translation's prompt. */
const programsOf = Effect.fnUntraced(
  function* (flags: EvaluateFlags, most: number, prompts: Prompts) {
    const folder = flags.tasks!;
    const programs = yield* readPrograms(folder);
    const languages = [...new Set([...flags.sources ?? [], ...flags.targets ?? []])];
    const tasks = (yield* readTasks(folder)).filter(({ split }) => split === "held-out");
    const texts = probeTexts(tasks, programs, {
      languages: languages.length > 0
        ? languages
        : [...new Set(programs.map(({ language }) => language))].sort(),
      most,
      template: prompts.translation,
    });
    if (texts.tasks.length < 2 || texts.languages.length < 2) {
      const message =
        `${folder}: ${texts.tasks.length} held-out tasks with a verified program in each of ` +
        `${texts.languages.join(", ")}; expected at least 2 of both`;
      return yield* new UserError({ code: "bad-data", message });
    }
    return texts;
  },
);

/** The held-out IR groups of a file. */
const groupsOf = Effect.fnUntraced(function* (file: string, prompts: Prompts) {
  const groups = irAnswers(yield* readGroups(file), {
    template: prompts.ir,
    stop: prompts.stop ?? "",
  });
  if (groups.length === 0) {
    const message = `${file}: no group of split "held-out"; ` +
      "expected groups that no training has seen";
    return yield* new UserError({ code: "bad-data", message });
  }
  return groups as readonly AnswerTexts[];
});

/** Programs of one task in two languages, with what only looks like them. */
const questionsOf = Effect.fnUntraced(function* (flags: EvaluateFlags, prompts: Prompts) {
  const translations = yield* problemsOf(flags.tasks!, { ...flags, kind: "translation" }, prompts);
  const questions: readonly ProgramQuestion[] = yield* programAnswers(translations, {
    stop: prompts.stop ?? "",
    judge: rememberingJudge(),
    seed: flags.seed,
    edits: 4,
    concurrency: availableParallelism(),
    onProgress: progressLine("questions prepared"),
  });
  return questions;
});
