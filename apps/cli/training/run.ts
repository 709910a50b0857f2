import { Effect, Stream } from "effect";
import { join, resolve } from "node:path";
import process from "node:process";
import {
  layout,
  newRunId,
  readObject,
  record,
  RunFolderError,
  RunWriter,
  type Summary,
} from "../../../ts/runs/mod.ts";
import { Sandbox } from "../../../ts/sandbox/mod.ts";
import {
  formatRecipe,
  parseOverride,
  readRecipe,
  type Recipe,
  train,
} from "../../../ts/train/mod.ts";
import { asUserError, UserError } from "../../tools/mod.ts";
import { Display } from "../display.ts";
import { printJson, widthOf, writeErr, writeOut } from "../output.ts";
import { printPlan } from "./plan.ts";
import { reportOf } from "./report.ts";
import { watch } from "./watch.ts";

/** Follows a recipe from its first step, in a new folder. */
export const startRun = Effect.fnUntraced(function* (
  file: string,
  options: {
    readonly set: readonly string[];
    readonly out: string | undefined;
    readonly plan: boolean;
    readonly json: boolean;
  },
) {
  const overrides = yield* Effect.try({
    try: () => options.set.map(parseOverride),
    catch: asUserError,
  });
  const recipe = yield* readRecipe(file, overrides);
  if (options.plan) return yield* printPlan(recipe, options.json);
  const folder = options.out ?? join("runs", newRunId(recipe.name, new Date()));
  yield* follow(recipe, resolve(folder), "new", options.json);
});

/** Goes on with a run from its last checkpoint; from the beginning if it had not got to one. */
export const resumeRun = Effect.fnUntraced(function* (
  run: string,
  options: { readonly json: boolean },
) {
  const given = resolve(run);
  const found = (yield* Effect.promise(() => readObject(layout(given).recipe))) !== undefined;
  const folder = found ? given : resolve("runs", run);
  const summary = yield* Effect.promise(() => readObject(layout(folder).summary));
  if (summary?.["status"] === "done") {
    const message = `${folder}: the run is done; there is nothing to resume`;
    return yield* new UserError({ code: "wrong-state", message });
  }
  const recipe = yield* readRecipe(layout(folder).recipe);
  yield* follow(recipe, folder, "resume", options.json);
});

const follow = Effect.fnUntraced(
  function* (recipe: Recipe, folder: string, mode: "new" | "resume", json: boolean) {
    const writer = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: () => RunWriter.open(folder, mode, { name: recipe.name }),
        catch: (error) => error instanceof RunFolderError ? error : asUserError(error),
      }),
      (opened) => Effect.promise(() => opened.close()),
    );
    if (mode === "new") yield* Effect.promise(() => writer.writeRecipe(formatRecipe(recipe)));
    const display = new Display();
    display.line(`run: ${folder}`);
    const evaluated = recipe.stages.find((stage) => stage.evaluate !== undefined)?.evaluate;
    const summary = yield* record(
      writer,
      train(recipe, { folder, resume: mode === "resume" }).pipe(Stream.provide(Sandbox.layer())),
      {
        seed: recipe.stages[0].seed,
        temperature: evaluated?.temperature ?? 1,
        onEvent: watch(display, recipe.steps),
      },
    ).pipe(
      Effect.onExit(() => Effect.sync(() => display.clear())),
      Effect.onInterrupt(() =>
        writeErr(`interrupted; go on with: calque train --resume ${folder}\n`)
      ),
    );
    yield* tell(folder, recipe, summary, json);
  },
  Effect.scoped,
);

const tell = Effect.fnUntraced(
  function* (folder: string, recipe: Recipe, summary: Summary, json: boolean) {
    if (json) return yield* printJson({ folder, ...summary });
    const report = yield* Effect.promise(() =>
      reportOf(folder, rewardedTargets(recipe), widthOf(process.stdout))
    );
    yield* writeOut(
      [...(report === undefined ? [] : [report, ""]), `run: ${folder}`, ""].join("\n"),
    );
  },
);

/** Languages whose programs a reward was given for; without any reward no language stands apart. */
const rewardedTargets = (recipe: Recipe): string[] => {
  const rewarded = recipe.stages
    .filter(({ method }) => method === "rl" || method === "oorl")
    .flatMap(({ rollout }) => rollout?.targets ?? []);
  const all = recipe.stages.flatMap(({ rollout, evaluate }) => [
    ...rollout?.targets ?? [],
    ...evaluate?.targets ?? [],
  ]);
  return rewarded.length > 0 ? rewarded : all;
};
