import { type Change, changeOf } from "./change.ts";
import type { JudgedSample } from "./sample.ts";
import { renderTable } from "./table.ts";

/** One training: what it was trained on, and the same problems asked before and after. */
export interface Trained {
  /** The languages whose programs were rewarded or shown, or any name of the training. */
  readonly trained: readonly string[];
  readonly name: string;
  readonly before: readonly JudgedSample[];
  readonly after: readonly JudgedSample[];
}

/** Rows are trainings, columns evaluated languages; a cell is missing where nothing was asked. */
export interface TransferMatrix {
  readonly targets: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    readonly trained: readonly string[];
    readonly all: Change;
    /** Over the targets that were not trained: the transfer itself; absent if all were. */
    readonly untrained?: Change;
    readonly cells: Readonly<Record<string, Change>>;
  }[];
}

/** What every training changed in every language that was evaluated. */
export const transferMatrix = (trainings: readonly Trained[], seed = 0): TransferMatrix => {
  const targetsOf = ({ before, after }: Trained): string[] => {
    const asked = new Set(before.map(({ target }) => target));
    return [...new Set(after.map(({ target }) => target))].filter((name) => asked.has(name));
  };
  return {
    targets: [...new Set(trainings.flatMap(targetsOf))].sort(),
    rows: trainings.map((training) => {
      const { name, trained, before, after } = training;
      const change = (keep: (target: string) => boolean): Change =>
        changeOf(
          before.filter(({ target }) => keep(target)),
          after.filter(({ target }) => keep(target)),
          seed,
        );
      const targets = targetsOf(training).sort();
      const untrained = targets.filter((target) => !trained.includes(target));
      return {
        name,
        trained,
        all: change(() => true),
        ...(untrained.length === 0
          ? {}
          : { untrained: change((target) => untrained.includes(target)) }),
        cells: Object.fromEntries(
          targets.map((target) => [target, change((other) => other === target)]),
        ),
      };
    }),
  };
};

/** A cell: `+4.2 [+0.5, +8.1] +9/-3`, points, interval and flips; trained languages bear a star. */
export const transferTable = ({ targets, rows }: TransferMatrix): string => {
  const columns = [
    { title: "change of pass@1, points" },
    ...targets.map((title) => ({ title })),
    { title: "all" },
    { title: "untrained" },
  ];
  return renderTable(
    columns,
    rows.map(({ name, trained, all, untrained, cells }) => [
      name,
      ...targets.map((target) =>
        (trained.includes(target) ? "*" : "") + formatChange(cells[target])
      ),
      formatChange(all),
      formatChange(untrained),
    ]),
  );
};

/** `+4.2 [+0.5, +8.1] +9/-3`; empty where nothing was asked. */
export const formatChange = (change: Change | undefined): string =>
  change === undefined || change.problems === 0
    ? ""
    : `${points(change.value)} [${points(change.low)}, ${points(change.high)}] ` +
      `+${change.gained}/-${change.lost}`;

const points = (share: number): string => (share >= 0 ? "+" : "") + (100 * share).toFixed(1);
