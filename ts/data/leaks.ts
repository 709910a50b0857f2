import type { Program, Task } from "./schema.ts";

export interface Leak {
  readonly kind: "family" | "statement" | "program" | "near-program" | "language";
  readonly what: string;
  readonly train: string;
  readonly held_out: string;
}

export interface LeakOptions {
  /** Languages that training must not hold. */
  readonly heldOutLanguages?: readonly string[];
  /** Share of common 5-token shingles (Jaccard) from which two programs count as near-duplicates. */
  readonly similarity?: number;
}

/**
 * What stands on both sides of the split, over any number of data sets: families, equal statements,
 * equal or nearly equal programs of one language, and held-out languages among the training programs.
 *
 * Near-duplicates are found with names and constants kept: two generated programs of different families
 * differ in at least one operator, which over five-token windows shows as several.
 */
export const leaks = (
  tasks: readonly Task[],
  programs: readonly Program[],
  options: LeakOptions = {},
): readonly Leak[] => {
  const split = new Map(tasks.map((task) => [task.id, task.split]));
  const found: Leak[] = [];
  found.push(...shared("family", tasks.map((t) => [t.family, t.id, t.split])));
  found.push(
    ...shared("statement", tasks.map((t) => [words(t.statement).join(" "), t.id, t.split])),
  );
  const sided = programs.flatMap((p) => {
    const side = split.get(p.task);
    return side === undefined ? [] : [{ ...p, side, tokens: words(p.code) }];
  });
  found.push(
    ...shared(
      "program",
      sided.map((p) => [`${p.language}: ${p.tokens.join(" ")}`, p.task, p.side]),
    ),
  );
  const languages = new Set(sided.map((p) => p.language));
  for (const language of languages) {
    const own = sided.filter((p) => p.language === language);
    found.push(...near(language, own, options.similarity ?? 0.95));
  }
  for (const language of options.heldOutLanguages ?? []) {
    const program = sided.find((p) => p.language === language && p.side === "train");
    if (program === undefined) continue;
    found.push({ kind: "language", what: language, train: program.task, held_out: language });
  }
  return found;
};

const shared = (
  kind: Leak["kind"],
  rows: readonly (readonly [key: string, id: string, split: Task["split"]])[],
): readonly Leak[] => {
  const train = new Map(rows.filter((r) => r[2] === "train").map((r) => [r[0], r[1]]));
  const seen = new Set<string>();
  return rows.flatMap(([key, id, split]) => {
    const other = train.get(key);
    if (split !== "held-out" || other === undefined || seen.has(key)) return [];
    seen.add(key);
    return [{ kind, what: key, train: other, held_out: id }];
  });
};

interface Sided {
  readonly task: string;
  readonly side: Task["split"];
  readonly tokens: readonly string[];
}

/** Pairs across the split above the similarity; an index from shingles to programs skips the rest. */
const near = (
  language: string,
  programs: readonly Sided[],
  similarity: number,
): readonly Leak[] => {
  const train = programs.filter((p) => p.side === "train").map((p) => ({
    task: p.task,
    text: p.tokens.join(" "),
    shingles: shingles(p.tokens),
  }));
  const holders = new Map<string, number[]>();
  train.forEach((p, index) => {
    for (const shingle of p.shingles) {
      const list = holders.get(shingle);
      if (list === undefined) holders.set(shingle, [index]);
      else list.push(index);
    }
  });
  return programs.filter((p) => p.side === "held-out").flatMap((p): readonly Leak[] => {
    const own = shingles(p.tokens);
    const common = new Map<number, number>();
    for (const shingle of own) {
      for (const index of holders.get(shingle) ?? []) {
        common.set(index, (common.get(index) ?? 0) + 1);
      }
    }
    for (const [index, count] of common) {
      const other = train[index] as typeof train[number];
      const jaccard = count / (own.size + other.shingles.size - count);
      if (jaccard >= similarity && other.text !== p.tokens.join(" ")) {
        const what = `${language}: ${jaccard.toFixed(2)} of shingles in common`;
        return [{ kind: "near-program", what, train: other.task, held_out: p.task }];
      }
    }
    return [];
  });
};

const words = (text: string): readonly string[] =>
  text.match(/[\p{L}_][\p{L}\p{N}_]*|\p{N}+|[^\s\p{L}\p{N}_]/gu) ?? [];

const shingles = (tokens: readonly string[]): ReadonlySet<string> => {
  const width = 5;
  const set = new Set<string>();
  for (let i = 0; i <= Math.max(0, tokens.length - width); i++) {
    set.add(tokens.slice(i, i + width).join(" "));
  }
  return set;
};
