import type { IrGroup, Program, Task } from "./schema.ts";

/** Counts of a data set, in plain objects that print as they are. */
export const stats = (
  tasks: readonly Task[],
  programs: readonly Program[],
  groups: readonly IrGroup[] = [],
): Readonly<Record<string, unknown>> => ({
  tasks: countBy(tasks, (t) => t.split),
  families: countBy(
    [...new Map(tasks.map((t) => [t.family, t])).values()],
    (t) => t.novelty === undefined ? t.split : `${t.split}, new ${t.novelty}`,
  ),
  ...(tasks.every((t) => t.level === undefined) ? {} : {
    levels: countBy(tasks, (t) => t.level === undefined ? "none" : String(t.level)),
  }),
  sources: countBy(tasks, (t) => t.source),
  programs: countBy(programs, (p) => p.language),
  verified: countBy(programs.filter((p) => p.verified), (p) => p.language),
  mean_characters: Object.fromEntries(
    [...group(programs, (p) => p.language)].map((
      [language, own],
    ) => [language, Math.round(own.reduce((sum, p) => sum + p.code.length, 0) / own.length)]),
  ),
  ...(groups.length === 0 ? {} : {
    groups: {
      count: countBy(groups, (g) => g.split ?? "train"),
      winners: countBy(groups, (g) => String(g.winners.length)),
      levels: countBy(groups.flatMap((g) => g.winners), (w) => w.level),
      proofs: countBy(
        groups.flatMap((g) => g.winners.slice(1)),
        (w) => `${String(w.proof?.["relation"])}, ${String(w.proof?.["method"])}`,
      ),
      losers: countBy(groups.flatMap((g) => g.losers), (l) => l.tier),
    },
  }),
});

const group = <T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const list = groups.get(key(item));
    if (list === undefined) groups.set(key(item), [item]);
    else list.push(item);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const countBy = <T>(
  items: readonly T[],
  key: (item: T) => string,
): Readonly<Record<string, number>> =>
  Object.fromEntries([...group(items, key)].map(([name, own]) => [name, own.length]));
