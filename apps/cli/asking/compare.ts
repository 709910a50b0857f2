import { Effect } from "effect";
import {
  type Change,
  changeOf,
  formatChange,
  renderTable,
  type Trained,
  transferMatrix,
  transferTable,
} from "../../../ts/evaluate/mod.ts";
import { compareRuns, type Run } from "../../../ts/runs/mod.ts";
import { UserError } from "../../tools/mod.ts";
import { atTemperature, trainingOf } from "./trainings.ts";

/** Runs beside each other on the problems that they share. */
export const compareTrainings = Effect.fnUntraced(function* (
  runs: readonly Run[],
  temperature: number,
) {
  const trainings = yield* Effect.forEach(runs, trainingOf);
  const measured = trainings.flatMap((training) => atTemperature(training, temperature) ?? []);
  const blank = trainings.find((training) => atTemperature(training, temperature) === undefined);
  if (blank !== undefined) {
    const known = blank.comparisons.map((one) => one.temperature).join(", ");
    const message = `run "${blank.run.id}": no evaluation before and after at temperature ` +
      `${temperature}; expected ${known === "" ? 'a run whose recipe has "evaluate"' : known}`;
    return yield* new UserError({ code: "bad-value", message });
  }
  const [first, ...others] = measured as [Trained, ...Trained[]];
  const { differences } = yield* Effect.promise(() => compareRuns(runs));
  return {
    runs: runs.map(({ id, name, status, step, seed, before, after }) => (
      { id, name, status, step, seed, before, after }
    )),
    temperature,
    transfer: transferMatrix(measured),
    /** Each run's samples after training against the first run's, on the same problems. */
    against_first: others.map((other) => ({
      run: other.name,
      ...against(first, other),
    })),
    differences,
  };
});

export type Compared = Effect.Success<ReturnType<typeof compareTrainings>>;

const against = (first: Trained, other: Trained) => {
  const targets = [...new Set(other.after.map(({ target }) => target))].sort();
  const change = (target: string): Change => {
    const keep = (sample: { readonly target: string }) => sample.target === target;
    return changeOf(first.after.filter(keep), other.after.filter(keep));
  };
  return {
    all: changeOf(first.after, other.after),
    targets: Object.fromEntries(targets.map((target) => [target, change(target)])),
  };
};

export const comparisonText = (compared: Compared): string => {
  const [first] = compared.runs;
  return [
    `What each run changed, ${
      compared.temperature === 0 ? "greedy" : `T=${compared.temperature}`
    }: points of pass@1 with 95 % interval, gained and lost samples; * was trained`,
    transferTable(compared.transfer),
    "",
    ...compared.against_first.flatMap(({ run, all, targets }) => [
      `${run} against ${first!.id}, both after training, on ${all.problems} shared problems`,
      renderTable([{ title: "" }, { title: "difference" }], [
        ["all", formatChange(all)],
        ...Object.entries(targets).map(([target, change]) => [
          `to ${target}`,
          formatChange(change),
        ]),
      ]),
      "",
    ]),
    compared.differences.length === 0 ? "The recipes are the same." : renderTable(
      [{ title: "recipe" }, ...compared.runs.map(({ id }) => ({ title: id }))],
      compared.differences.map(({ key, values }) => [
        key,
        ...values.map((value) => JSON.stringify(value)),
      ]),
    ),
  ].join("\n");
};
